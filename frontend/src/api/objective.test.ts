import { describe, expect, it } from "vitest";
import { lossOf } from "./objective";

describe("the loss of a value", () => {
  it("is lower the better the value is", () => {
    expect(lossOf({ mode: "min" }, 0.2)).toBe(0.2);
    expect(lossOf({ mode: "max" }, 0.2)).toBe(-0.2);
  });

  it("is none for a value that is never best", () => {
    for (const mode of ["min", "max"] as const)
      for (const value of [NaN, Infinity, "NaN", "-Infinity", null, undefined])
        expect(lossOf({ mode }, value)).toBeNull();
  });
});
