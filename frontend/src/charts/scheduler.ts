/** Decides when which chart is drawn: one per animation frame, in turn, and none too often. */

/** A chart is drawn at most this often, ms. A redraw costs 11–14 ms of the main thread. */
export const REDRAW_MS_MIN = 250;
/** Redraws of new points take at most one part in so many of the time: on a busy machine they are slow, and then rarer. */
export const SHARE = 5;

export interface Drawable {
  /** Draws with all that is known now. */
  draw(): void;
  /** At least this long between two draws for the sake of new points alone, ms. */
  restMs?(): number;
}

/** The clock and the frames of a browser, or of a test. */
export interface Stage {
  now(): number; // ms
  nextFrame(act: () => void): void;
  after(ms: number, act: () => void): void;
}

interface Place {
  chart: Drawable;
  dirty: boolean;
  visible: boolean;
  hurried: boolean;
  drawnAt: number; // ms
}

export class DrawingScheduler {
  private places: Place[] = [];
  private turn = 0;
  private waiting = false;
  private restUntil = -Infinity; // ms
  private timer = 0; // counts up, so that a timer that was overtaken does nothing

  constructor(private readonly stage: Stage) {}

  /** Takes a chart in; it is drawn as soon as it is visible. Returns what takes it out again. */
  add(chart: Drawable): () => void {
    this.places.push({ chart, dirty: true, visible: true, hurried: true, drawnAt: -Infinity });
    this.wake();
    return () => {
      this.places = this.places.filter((place) => place.chart !== chart);
    };
  }

  /** What a chart shows is out of date. */
  touch(chart: Drawable): void {
    const place = this.placeOf(chart);
    if (!place) return;
    place.dirty = true;
    this.wake();
  }

  /** Charts out of sight are not drawn; they catch up once when they come back. */
  show(chart: Drawable, visible: boolean): void {
    const place = this.placeOf(chart);
    if (!place) return;
    place.visible = visible;
    this.wake();
  }

  /** The next draw of a chart need not wait: a person zoomed or switched something. */
  hurry(chart: Drawable): void {
    const place = this.placeOf(chart);
    if (!place) return;
    place.dirty = true;
    place.hurried = true;
    this.wake();
  }

  private placeOf(chart: Drawable): Place | undefined {
    return this.places.find((place) => place.chart === chart);
  }

  /** Asks for the frame in which the next chart is due, sooner than what was asked for before. */
  private wake(): void {
    const wait = this.msToNextDue();
    if (wait === null || this.waiting) return;
    const timer = ++this.timer;
    if (wait > 0) {
      this.stage.after(wait, () => {
        if (timer === this.timer) this.wake();
      });
      return;
    }
    this.waiting = true;
    this.stage.nextFrame(() => this.frame());
  }

  private frame(): void {
    this.waiting = false;
    const due = this.nextDue();
    if (due) {
      const began = this.stage.now();
      due.dirty = false;
      due.hurried = false;
      due.drawnAt = began;
      due.chart.draw();
      const ended = this.stage.now();
      this.restUntil = ended + (ended - began) * (SHARE - 1);
    }
    this.wake();
  }

  private nextDue(): Place | null {
    const now = this.stage.now();
    for (let i = 0; i < this.places.length; i++) {
      const index = (this.turn + i) % this.places.length;
      const place = this.places[index] as Place;
      if (place.dirty && place.visible && now >= this.dueAt(place)) {
        this.turn = index + 1;
        return place;
      }
    }
    return null;
  }

  private dueAt(place: Place): number {
    if (place.hurried) return -Infinity;
    return Math.max(this.restUntil, place.drawnAt + (place.chart.restMs?.() ?? REDRAW_MS_MIN));
  }

  private msToNextDue(): number | null {
    const waiting = this.places.filter((place) => place.dirty && place.visible);
    if (waiting.length === 0) return null;
    return Math.max(0, Math.min(...waiting.map((place) => this.dueAt(place))) - this.stage.now());
  }
}
