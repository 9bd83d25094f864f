import { describe, expect, it } from "vitest";
import type { Axis } from "./axes";
import { axesOf, axisOf, evenly, ticksOf, unitOf, valueAtUnit } from "./axes";

const axis = (scale: Axis["scale"], low: number, high: number, more: Partial<Axis> = {}): Axis => ({
  name: "learning_rate",
  label: "Learning rate",
  scale,
  low,
  high,
  choices: [],
  whole: false,
  ...more,
});
const words = (axis: Axis): string[] =>
  ticksOf(axis)
    .map((tick) => tick.text)
    .filter(Boolean);

describe("where a value stands", () => {
  it("puts each decade of a log axis at the same distance", () => {
    const rate = axis("log10", 1e-4, 1);
    expect([1e-4, 1e-3, 1e-2, 0.1, 1].map((value) => unitOf(rate, value))).toEqual([
      0,
      expect.closeTo(0.25),
      expect.closeTo(0.5),
      expect.closeTo(0.75),
      1,
    ]);
  });

  it("puts 0.9, 0.99 and 0.999 at the same distance", () => {
    const beta = axis("minus_log10_one_minus", 0.9, 0.999, { name: "momentum" });
    expect(unitOf(beta, 0.99)).toBeCloseTo(0.5);
  });

  it("gives each choice a place of its own, and none to what is no choice", () => {
    const choice = axis("choice", 0, 1, { choices: ["sgd", "adam"] });
    expect([unitOf(choice, "sgd"), unitOf(choice, "adam"), unitOf(choice, "rmsprop")]).toEqual([
      0.25,
      0.75,
      null,
    ]);
  });

  it("has no place for a value that was not drawn, nor for 0 on a log axis", () => {
    const rate = axis("log10", 1e-4, 1);
    expect([unitOf(rate, undefined), unitOf(rate, 0)]).toEqual([null, null]);
  });

  it("comes back to the value", () => {
    for (const each of [
      axis("log10", 1e-4, 1),
      axis("linear", 0, 8),
      axis("minus_log10_one_minus", 0.5, 0.999),
    ]) {
      const value = valueAtUnit(each, 0.37);
      expect(unitOf(each, value)).toBeCloseTo(0.37, 1);
    }
    expect(valueAtUnit(axis("log2", 16, 256, { whole: true }), 0.3)).toBe(37);
  });
});

describe("ticks", () => {
  it("are powers of ten on a wide log axis, with small ones between", () => {
    const rate = axis("log10", 1e-4, 1);
    expect(words(rate)).toEqual(["1e-4", "0.001", "0.01", "0.1", "1"]);
    const small = ticksOf(rate)
      .filter((tick) => tick.text === "")
      .map((tick) => tick.at);
    expect(small).toContainEqual(expect.closeTo(unitOf(rate, 0.003) as number));
  });

  it("are 1, 2, 5 on a narrow log axis", () => {
    expect(words(axis("log10", 0.002, 0.02))).toEqual(["0.002", "0.005", "0.01", "0.02"]);
  });

  it("label an end that lies far from any other label", () => {
    expect(words(axis("log10", 0.003, 0.03))).toEqual(["0.005", "0.01", "0.02", "0.003"]);
    expect(words(axis("minus_log10_one_minus", 0.5, 0.999, { name: "momentum" }))).toEqual([
      "0.9",
      "0.99",
      "0.999",
      "0.5",
    ]);
  });

  it("are the ends where nothing round lies between", () => {
    expect(words(axis("log10", 0.0061, 0.0084))).toEqual(["0.0061", "0.0084"]);
  });

  it("are powers of two, and nines for a momentum", () => {
    expect(words(axis("log2", 16, 256, { name: "hidden_units", whole: true }))).toEqual([
      "16",
      "32",
      "64",
      "128",
      "256",
    ]);
    expect(words(axis("minus_log10_one_minus", 0, 0.999, { name: "momentum" }))).toEqual([
      "0",
      "0.9",
      "0.99",
      "0.999",
    ]);
  });

  it("are round numbers on a linear axis", () => {
    expect(evenly(0, 1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(evenly(1, 4, true)).toEqual([1, 2, 3, 4]);
  });
});

describe("the axes of a space", () => {
  it("leave out what is the same for all trials, and follow the declared order", () => {
    const space = {
      momentum: { values: [0.9, 0.99] },
      layers: { fixed: 2 },
      learning_rate: { scale: "log10" as const, low: 1e-3, high: 1 },
    };
    const declared = ["learning_rate", "momentum"].map((name) => ({ name, label: name })) as never;
    expect(axesOf(space, declared).map((axis) => axis.name)).toEqual(["learning_rate", "momentum"]);
    expect(axisOf("layers", { values: [2] }, undefined)).toBeNull();
  });
});
