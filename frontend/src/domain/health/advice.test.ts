/** What the page advises, and what it leaves alone. */
import { describe, expect, test } from "vitest";
import { anEvent } from "../../api/exampleEvent";
import type { Run } from "../../api/types";
import type { Series } from "../series";
import type { AdvisedRun } from "./advice";
import { adviceOf } from "./advice";

const STEPS = 1000;

/** A value every `every` steps, from a function of the step. */
function sampled(every: number, valueAt: (step: number) => number, steps = STEPS): Series {
  const step = Array.from({ length: steps / every }, (_, i) => (i + 1) * every);
  const value = step.map(valueAt);
  return { step, value, min: value, max: value, count: value.map(() => 1) };
}

function advised(raw: Record<string, Series>, change: Partial<Run> = {}): AdvisedRun {
  const run = { status: "running", step: STEPS, steps: 2000, allowed: ["set"], parent: null, ...change };
  return { run: { search: null, declared: null, ...run } as unknown as Run, events: [], curves: { raw } };
}

const falling = sampled(1, (step) => 1 / step);
const rising = sampled(20, (step) => 0.1 + Math.abs(step - 400) / 4000);

describe("overfitting", () => {
  test("is said where val rises from its best while train falls, with the step of the best", () => {
    const advice = adviceOf(advised({ "train/cost": falling, "val/cost": rising }));

    expect(advice?.action).toBe("rewind_to_best");
    expect(advice?.text).toBe(
      "Val was lowest at step 400 (0.100). Since then it rose by 150 % while train fell.",
    );
  });

  test("is not said within ten evaluations, nor where train rises too, nor of a run that is over", () => {
    const soon = sampled(20, (step) => 0.1 + Math.abs(step - 900) / 4000);
    const both = sampled(1, (step) => 1 + step);

    expect(adviceOf(advised({ "train/cost": falling, "val/cost": soon }))).toBeNull();
    expect(adviceOf(advised({ "train/cost": both, "val/cost": rising }))).toBeNull();
    expect(
      adviceOf(advised({ "train/cost": falling, "val/cost": rising }, { status: "finished" })),
    ).toBeNull();
  });

  test("waits for ten evaluations after a change, which may have ended it", () => {
    const raw = { "train/cost": falling, "val/cost": rising };
    const changed = anEvent("changed", { step: 900, effective_step: 901 });

    expect(adviceOf({ ...advised(raw), events: [changed] })).toBeNull();
  });
});

test("the best is said with the step of the server, whatever is merged on the curve", () => {
  const best = { step: 397, value: 0.0998, val_cost: 0.0998 };
  const raw = { "train/cost": falling, "val/cost": rising };

  const advice = adviceOf(advised(raw, { objective: "val/cost", best }));

  expect(advice?.text).toContain("lowest at step 397 (0.0998)");
});

describe("bouncing", () => {
  const flat = sampled(1, () => 0.3);

  test("is said where val jumps without a better value, and offers a third of the learning rate", () => {
    const jumping = sampled(20, (step) => (step === 100 ? 0.1 : step % 40 === 0 ? 0.2 : 0.102));

    const advice = adviceOf(advised({ "train/cost": flat, "val/cost": jumping }));

    expect([advice?.kind, advice?.action]).toEqual(["bouncing", { times: 1 / 3, word: "Learning rate ÷3" }]);
  });

  test("is not said of a plateau: a saddle looks the same, and there larger steps would help", () => {
    const plateau = sampled(20, (step) => 0.61 + (step % 60) / 10_000);

    expect(adviceOf(advised({ "train/cost": flat, "val/cost": plateau }))).toBeNull();
  });
});

describe("crawling", () => {
  const slow = sampled(1, (step) => 0.65 - step / 100_000, 200);
  const tiny = sampled(20, () => 0.00003, 200);

  test("is said of tiny steps at the start", () => {
    const advice = adviceOf(advised({ "train/cost": slow, step_size: tiny }, { step: 200 }));

    expect([advice?.kind, advice?.text.includes("0.00300 %")]).toEqual(["crawling", true]);
  });

  test("is not said where the schedule or a small cost makes them so", () => {
    const fallen = sampled(1, (step) => 1 / step, 200);
    const effective = { schedule_factor: 0.1 } as Run["effective"];

    expect(adviceOf(advised({ "train/cost": fallen, step_size: tiny }, { step: 200 }))).toBeNull();
    expect(adviceOf(advised({ "train/cost": slow, step_size: tiny }, { step: 200, effective }))).toBeNull();
  });
});
