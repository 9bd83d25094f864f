/** The value beside the end of a curve is the value at which the curve ends. */
import { describe, expect, test } from "vitest";
import type { Run } from "../api/types";
import type { Series } from "../domain/series";
import type { OpenRun, PageState } from "../state/state";
import { emptyCurves, initialState } from "../state/state";
import type { ChartName } from "./compose";
import { compose } from "./compose";
import type { Drawing } from "./drawing";
import type { Palette } from "./palette";

const BOX = { width: 300, height: 300, left: 46, right: 96, top: 14, bottom: 24 };

const series = (values: number[], every: number): Series => ({
  step: values.map((_, i) => (i + 1) * every),
  value: values,
  min: [...values],
  max: [...values],
  count: values.map(() => 1),
});

/** Twenty thousand steps with an evaluation each ten: far more points than a chart is wide. */
const VAL = Array.from({ length: 2_000 }, (_, i) => 2 - i / 1_000);
const TRAIN = Array.from({ length: 20_000 }, (_, i) => 2 - i / 10_000);

function drawingOf(name: ChartName, view: Partial<PageState["view"]> = {}): Drawing {
  const page = initialState();
  const curves = emptyCurves(20);
  Object.assign(curves, { loaded: true, lastStep: 20_000 });
  curves.raw = {
    "train/cost": series(TRAIN, 1),
    "val/cost": series(VAL, 10),
    learning_rate: series(TRAIN, 1),
  };
  curves.raw["momentum"] = series(
    TRAIN.map((value) => value / 3),
    1,
  );
  const run = { id: 1, step: 20_000, steps: 20_000 } as unknown as Run;
  const open = { run, curves, events: [], inherited: [] } as unknown as OpenRun;
  const colours = { train: "#000000", val: "#111111", ghost: "#222222", third: "#333333" } as Palette;
  return compose(name, { ...page, open, view: { ...page.view, ...view } }, BOX, colours, 0) as Drawing;
}

/** The last values of the lines that are no edges of a band. */
const lineEnds = (drawing: Drawing): number[] =>
  (drawing.traces as { y: number[]; line: { width: number } }[])
    .filter((trace) => trace.line?.width === 2)
    .map((trace) => trace.y.at(-1) as number);

describe("the labels at the ends of the curves", () => {
  test("say the newest value, and the lines end there, however many points are merged", () => {
    const drawing = drawingOf("cost");

    expect(drawing.labels.map(({ value }) => value)).toEqual([TRAIN.at(-1), VAL.at(-1)]);
    expect(lineEnds(drawing)).toEqual([TRAIN.at(-1), VAL.at(-1)]);
  });

  test("do so of the learning rate and the momentum", () => {
    expect(drawingOf("lr").labels.map(({ value }) => value)).toEqual([TRAIN.at(-1)]);
    expect(drawingOf("momentum").newest).toBe((TRAIN.at(-1) as number) / 3);
  });

  test("say the last value inside a zoomed range, not the one beyond its edge", () => {
    const { labels } = drawingOf("cost", { zoom: { from: 10_001, to: 10_105 } });

    expect(labels.map(({ value }) => value)).toEqual([TRAIN[10_104], VAL[1_009]]);
  });
});

describe("a chart that follows the last steps", () => {
  test("shows those alone, and its vertical axis fits them", () => {
    const { frame } = drawingOf("cost", { follow: 1000 });

    expect(frame.x).toEqual([19_000, 20_000]);
    expect(frame.y[0]).toBeGreaterThan(-0.05);
    expect(frame.y[1]).toBeLessThan(0.2);
  });

  test("shows what was zoomed to, and all of a training that has fewer steps", () => {
    expect(drawingOf("cost", { follow: 200, zoom: { from: 50, to: 150 } }).frame.x).toEqual([50, 150]);
    expect(drawingOf("cost", { follow: 50_000 }).frame.x[0]).toBe(0);
  });
});
