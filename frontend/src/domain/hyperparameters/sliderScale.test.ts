/** Sliders stand where values feel, and come back to clean values. */
import { expect, test } from "vitest";
import type { Hyperparameter } from "../../api/types";
import { fromSlider, scalesOf, toSlider } from "./sliderScale";

test("0.9, 0.99 and 0.999 are equally far apart on the slider of momentum", () => {
  const places = [0, 0.9, 0.99, 0.999].map((beta) => toSlider(beta, "minus_log10_one_minus"));

  places.forEach((place, i) => expect(place).toBeCloseTo(i, 10));
});

test("a slider gives values without binary noise", () => {
  expect([0, 1, 2, 3].map((at) => fromSlider(at, "minus_log10_one_minus"))).toEqual([0, 0.9, 0.99, 0.999]);
  expect(fromSlider(-2, "log10")).toBe(0.01);
  expect(fromSlider(-1.5, "log10")).toBe(0.0316);
  expect(fromSlider(5, "log2")).toBe(32);
});

test("only scales that the values can be on are offered", () => {
  const offered = (kind: string, low: number, high: number) =>
    scalesOf({ kind, low, high } as unknown as Hyperparameter);

  expect(offered("float", 0, 1)).toEqual(["linear", "log10", "log2", "minus_log10_one_minus"]);
  expect(offered("int", 1, 512)).toEqual(["linear", "log10", "log2"]);
  expect(offered("float", -1, 1)).toEqual(["linear", "minus_log10_one_minus"]);
  expect(offered("float", -1, 5)).toEqual(["linear"]);
  expect(offered("bool", 0, 1)).toEqual([]);
});
