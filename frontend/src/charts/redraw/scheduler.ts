/** Decides when which chart is drawn: one per animation frame, in turn, and none too often. */

/** A chart is drawn at most this often, ms. A redraw costs 11–14 ms of the main thread. */
export const REDRAW_MS_MIN = 250;
/** Redraws of new points take at most one part in so many of the time: on a busy machine they are slow, and then rarer. */
export const SHARE = 5;

export interface Drawable {
  /** Draws with all that is known now. */
  draw(): void;
  /** At least this long between two draws for the sake of new points alone, ms. */
  redrawIntervalMs?(): number;
}

/** The clock and the frames of a browser, or of a test. */
export interface Environment {
  now(): number; // ms
  nextFrame(act: () => void): void;
  after(ms: number, act: () => void): void;
}

interface Entry {
  chart: Drawable;
  dirty: boolean;
  visible: boolean;
  prioritized: boolean;
  drawnAt: number; // ms
}

export class DrawingScheduler {
  private entries: Entry[] = [];
  private nextIndex = 0;
  private frameRequested = false;
  private idleUntil = -Infinity; // ms
  private timer = 0; // counts up, so that a timer that was overtaken does nothing

  constructor(private readonly environment: Environment) {}

  /** Takes a chart in; it is drawn as soon as it is visible. Returns what takes it out again. */
  add(chart: Drawable): () => void {
    this.entries.push({ chart, dirty: true, visible: true, prioritized: true, drawnAt: -Infinity });
    this.wake();
    return () => {
      this.entries = this.entries.filter((entry) => entry.chart !== chart);
    };
  }

  /** What a chart shows is out of date. */
  markDirty(chart: Drawable): void {
    const entry = this.entryOf(chart);
    if (!entry) return;
    entry.dirty = true;
    this.wake();
  }

  /** Charts out of sight are not drawn; they catch up once when they come back. */
  setVisible(chart: Drawable, visible: boolean): void {
    const entry = this.entryOf(chart);
    if (!entry) return;
    entry.visible = visible;
    this.wake();
  }

  /** The next draw of a chart need not wait: a person zoomed or switched something. */
  prioritize(chart: Drawable): void {
    const entry = this.entryOf(chart);
    if (!entry) return;
    entry.dirty = true;
    entry.prioritized = true;
    this.wake();
  }

  private entryOf(chart: Drawable): Entry | undefined {
    return this.entries.find((entry) => entry.chart === chart);
  }

  /** Asks for the frame in which the next chart is due, sooner than what was asked for before. */
  private wake(): void {
    const wait = this.msToNextDue();
    if (wait === null || this.frameRequested) return;
    const timer = ++this.timer;
    if (wait > 0) {
      this.environment.after(wait, () => {
        if (timer === this.timer) this.wake();
      });
      return;
    }
    this.frameRequested = true;
    this.environment.nextFrame(() => this.frame());
  }

  private frame(): void {
    this.frameRequested = false;
    const due = this.nextDue();
    if (due) {
      const began = this.environment.now();
      due.dirty = false;
      due.prioritized = false;
      due.drawnAt = began;
      due.chart.draw();
      const ended = this.environment.now();
      this.idleUntil = ended + (ended - began) * (SHARE - 1);
    }
    this.wake();
  }

  private nextDue(): Entry | null {
    const now = this.environment.now();
    for (let i = 0; i < this.entries.length; i++) {
      const index = (this.nextIndex + i) % this.entries.length;
      const entry = this.entries[index] as Entry;
      if (entry.dirty && entry.visible && now >= this.dueAt(entry)) {
        this.nextIndex = index + 1;
        return entry;
      }
    }
    return null;
  }

  private dueAt(entry: Entry): number {
    if (entry.prioritized) return -Infinity;
    return Math.max(this.idleUntil, entry.drawnAt + (entry.chart.redrawIntervalMs?.() ?? REDRAW_MS_MIN));
  }

  private msToNextDue(): number | null {
    const waiting = this.entries.filter((entry) => entry.dirty && entry.visible);
    if (waiting.length === 0) return null;
    return Math.max(0, Math.min(...waiting.map((entry) => this.dueAt(entry))) - this.environment.now());
  }
}
