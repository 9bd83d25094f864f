/** A new run is offered a pace at which it can be steered. */
import { expect, test } from "vitest";
import type { Run } from "../api/types";
import { fullSpeedOf, paceHelp, presetPace } from "./pace";

test.each([
  [800, 2300, 200, "Under 1 s at full speed: too short to steer."],
  [20_000, 2300, 200, "About 9 s at full speed: too short to steer."],
  [100_000, 2300, 0, "About 43 s at full speed."],
  [1000, 4, 0, "About 4 min 10 s at full speed."],
  [1000, null, 200, ""],
  [100_000, null, 0, ""],
  [NaN, 100, 0, ""],
])("%s steps at %s steps/s are offered the pace %s", (steps, speed, pace, help) => {
  expect(presetPace(steps, speed)).toBe(pace);
  expect(paceHelp(steps, speed)).toBe(help);
});

test("the speed of a task is that of its newest run without a limit", () => {
  const runs = [
    { task: "digits", steps_per_s: 60, max_steps_per_s: 60 },
    { task: "spirals", steps_per_s: 900, max_steps_per_s: null },
    { task: "digits", steps_per_s: 800, max_steps_per_s: null },
  ] as Run[];

  expect(fullSpeedOf(runs, "digits")).toBe(800);
  expect(fullSpeedOf(runs, "diabetes")).toBeNull();
});
