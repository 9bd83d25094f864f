import { describe, expect, it } from "vitest";
import { firstMethod, readMethod, readRefinement } from "./method";

describe("the method", () => {
  it("asks for what was written, and leaves the rest to the server", () => {
    expect(readMethod(firstMethod(300))).toEqual({
      problems: {},
      request: { strategy: "random", trials: 24, steps: 300, seed: 0 },
    });
  });

  it("sends the rule of the rounds with coarse to fine only", () => {
    const { request } = readMethod({
      ...firstMethod(300),
      strategy: "coarse_to_fine",
      parallel: "2",
      stopEarly: "median",
      name: " wide ",
    });
    expect(request).toMatchObject({
      keep: 2,
      widen: 1.5,
      rounds: 3,
      parallel: 2,
      stop_early: "median",
      name: "wide",
    });
  });

  it("says what is wrong beside its field", () => {
    expect(
      Object.keys(
        readMethod({
          ...firstMethod(300),
          trials: "0",
          steps: "many",
          strategy: "coarse_to_fine",
          widen: "0.5",
        }).problems,
      ),
    ).toEqual(["trials", "steps", "widen"]);
    expect(
      readRefinement({ keep: "3", widen: "1,5", trials: "8", steps: "300" }).problems["widen"],
    ).toContain("1.5");
  });
});
