/** Decides when which chart is drawn: one per animation frame, in turn, and none too often. */

/** A chart is drawn at most this often, ms. A redraw costs 11–14 ms of the main thread. */
export const REDRAW_MS_MIN = 250;

export interface Drawable {
  /** Draws with all that is known now. */
  draw(): void;
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
  drawnAt: number; // ms
}

export class DrawingScheduler {
  private places: Place[] = [];
  private turn = 0;
  private waiting = false;

  constructor(private readonly stage: Stage) {}

  /** Takes a chart in; it is drawn as soon as it is visible. Returns what takes it out again. */
  add(chart: Drawable): () => void {
    this.places.push({ chart, dirty: true, visible: true, drawnAt: -Infinity });
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
    if (place) place.drawnAt = -Infinity;
    this.touch(chart);
  }

  private placeOf(chart: Drawable): Place | undefined {
    return this.places.find((place) => place.chart === chart);
  }

  private wake(): void {
    if (this.waiting || !this.places.some((place) => place.dirty && place.visible)) return;
    this.waiting = true;
    this.stage.nextFrame(() => this.frame());
  }

  private frame(): void {
    this.waiting = false;
    const due = this.nextDue();
    if (due) {
      due.dirty = false;
      due.drawnAt = this.stage.now();
      due.chart.draw();
    }
    const wait = this.msToNextDue();
    if (wait === null) return;
    if (wait <= 0) {
      this.wake();
      return;
    }
    this.waiting = true;
    this.stage.after(wait, () => {
      this.waiting = false;
      this.wake();
    });
  }

  private nextDue(): Place | null {
    const now = this.stage.now();
    for (let i = 0; i < this.places.length; i++) {
      const index = (this.turn + i) % this.places.length;
      const place = this.places[index] as Place;
      if (place.dirty && place.visible && now - place.drawnAt >= REDRAW_MS_MIN) {
        this.turn = index + 1;
        return place;
      }
    }
    return null;
  }

  private msToNextDue(): number | null {
    const waiting = this.places.filter((place) => place.dirty && place.visible);
    if (waiting.length === 0) return null;
    const now = this.stage.now();
    return Math.max(0, Math.min(...waiting.map((place) => place.drawnAt + REDRAW_MS_MIN - now)));
  }
}
