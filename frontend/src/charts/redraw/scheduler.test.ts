/** Charts take turns, and nobody draws for nothing. */
import { expect, test } from "vitest";
import type { Environment } from "./scheduler";
import { DrawingScheduler, REDRAW_MS_MIN, SHARE } from "./scheduler";

const FRAME_MS = 16;

/** A browser without a browser: time moves only when a frame is played. */
class Theatre implements Environment {
  time = 0;
  private frames: (() => void)[] = [];
  private timers: { at: number; act: () => void }[] = [];

  now = () => this.time;
  nextFrame = (act: () => void) => void this.frames.push(act);
  after = (ms: number, act: () => void) => void this.timers.push({ at: this.time + ms, act });

  get idle(): boolean {
    return this.frames.length === 0 && this.timers.length === 0;
  }

  playFrame(): void {
    this.time += FRAME_MS;
    for (const timer of this.timers.filter((timer) => timer.at <= this.time)) timer.act();
    this.timers = this.timers.filter((timer) => timer.at > this.time);
    const now = this.frames.splice(0);
    for (const act of now) act();
  }
}

function chartsOn(scheduler: DrawingScheduler, count: number) {
  const drawn: number[] = [];
  const charts = Array.from({ length: count }, (_, i) => ({ draw: () => void drawn.push(i) }));
  charts.forEach((chart) => scheduler.add(chart));
  return { charts, drawn };
}

test("one chart is drawn per frame, in turn", () => {
  const theatre = new Theatre();
  const { drawn } = chartsOn(new DrawingScheduler(theatre), 4);

  const perFrame: number[] = [];
  for (let i = 0; i < 4; i++) {
    const before = drawn.length;
    theatre.playFrame();
    perFrame.push(drawn.length - before);
  }

  expect(perFrame).toEqual([1, 1, 1, 1]);
  expect(drawn).toEqual([0, 1, 2, 3]);
});

test("a chart that changes all the time is drawn at most every 250 ms", () => {
  const theatre = new Theatre();
  const scheduler = new DrawingScheduler(theatre);
  const { charts, drawn } = chartsOn(scheduler, 1);

  while (theatre.time < 2000) {
    scheduler.markDirty(charts[0] as { draw: () => void });
    theatre.playFrame();
  }

  expect(drawn.length).toBeGreaterThanOrEqual(7);
  expect(drawn.length).toBeLessThanOrEqual(1 + 2000 / REDRAW_MS_MIN);
});

test("charts out of sight are not drawn, and catch up once when they are back", () => {
  const theatre = new Theatre();
  const scheduler = new DrawingScheduler(theatre);
  const { charts, drawn } = chartsOn(scheduler, 1);
  const chart = charts[0] as { draw: () => void };
  theatre.playFrame();
  scheduler.setVisible(chart, false);

  for (let i = 0; i < 50; i++) {
    scheduler.markDirty(chart);
    theatre.playFrame();
  }
  expect(drawn.length).toBe(1);

  scheduler.setVisible(chart, true);
  for (let i = 0; i < 50; i++) theatre.playFrame();
  expect(drawn.length).toBe(2);
});

test("nothing runs while nothing changes", () => {
  const theatre = new Theatre();
  chartsOn(new DrawingScheduler(theatre), 3);

  for (let i = 0; i < 100; i++) theatre.playFrame();

  expect(theatre.idle).toBe(true);
});

test("what a person switched need not wait for its turn of 250 ms", () => {
  const theatre = new Theatre();
  const scheduler = new DrawingScheduler(theatre);
  const { charts, drawn } = chartsOn(scheduler, 1);
  theatre.playFrame();

  scheduler.prioritize(charts[0] as { draw: () => void });
  theatre.playFrame();

  expect(drawn.length).toBe(2);
});

test("what a person switched overtakes the wait for new points", () => {
  const theatre = new Theatre();
  const scheduler = new DrawingScheduler(theatre);
  const { charts, drawn } = chartsOn(scheduler, 1);
  theatre.playFrame();
  scheduler.markDirty(charts[0] as { draw: () => void });
  theatre.playFrame();

  scheduler.prioritize(charts[0] as { draw: () => void });
  theatre.playFrame();

  expect(drawn.length).toBe(2);
});

test("slow draws of new points leave most of the time to everything else", () => {
  const theatre = new Theatre();
  const scheduler = new DrawingScheduler(theatre);
  let spent = 0;
  const charts = Array.from({ length: 4 }, () => ({
    draw: () => {
      theatre.time += 60;
      spent += 60;
    },
  }));
  charts.forEach((chart) => scheduler.add(chart));
  for (let i = 0; i < 4; i++) theatre.playFrame();
  const [began, before] = [theatre.time, spent];

  while (theatre.time < began + 6000) {
    charts.forEach((chart) => scheduler.markDirty(chart));
    theatre.playFrame();
  }

  expect(spent - before).toBeGreaterThan(0);
  expect((spent - before) / (theatre.time - began)).toBeLessThanOrEqual(1.1 / SHARE);
});

test("a chart that says how long it may rest is drawn no more often", () => {
  const theatre = new Theatre();
  const scheduler = new DrawingScheduler(theatre);
  let draws = 0;
  const strip = { draw: () => void draws++, redrawIntervalMs: () => 1000 };
  scheduler.add(strip);

  while (theatre.time < 3900) {
    scheduler.markDirty(strip);
    theatre.playFrame();
  }

  expect(draws).toBe(4);
});
