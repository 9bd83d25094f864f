/** Sliders stand where values feel, and come back to clean values. */
import { expect, test } from "vitest";
import { fromSlider, toSlider } from "./sliderScale";

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
