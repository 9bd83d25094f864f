/** What is asked for, and what is said about the answer. */
import { describe, expect, test } from "vitest";
import { anEvent } from "../../api/exampleEvent";
import type { EventOf, Run } from "../../api/types";
import { answerText, withRamp } from "./commands";

const run = {
  values: { learning_rate: 0.01, momentum: 0.9 },
  effective: { learning_rate: 0.01 },
} as unknown as Run;

const changed = (fields: Partial<EventOf<"changed">>) =>
  anEvent("changed", { step: 1204, effective_step: 1205, notes: [], ...fields });

describe("ramps", () => {
  test("doubling and more rises over 10 steps, less acts at once", () => {
    expect(withRamp({ kind: "set", values: { learning_rate: 0.02 } }, run).over_steps).toBe(10);
    expect(withRamp({ kind: "set", values: { learning_rate: 0.019 } }, run).over_steps).toBeUndefined();
    expect(withRamp({ kind: "set", values: { learning_rate: 0.001 } }, run).over_steps).toBeUndefined();
  });

  test("a ramp that somebody chose is kept", () => {
    expect(withRamp({ kind: "set", values: { learning_rate: 1 }, over_steps: 500 }, run).over_steps).toBe(
      500,
    );
  });
});

describe("answers", () => {
  test("say from which step on a value acts", () => {
    const asked = { kind: "set" as const, values: { learning_rate: 0.005 } };
    const got = changed({ before: { learning_rate: 0.01 }, after: { learning_rate: 0.005 } });

    expect(answerText(asked, got)).toBe("Learning rate 0.01 → 0.005 from step 1,205.");
  });

  test("say what a ramp does", () => {
    const asked = { kind: "set" as const, values: { learning_rate: 0.03 }, over_steps: 10 };

    expect(
      answerText(asked, changed({ before: { learning_rate: 0.01 }, after: { learning_rate: 0.03 } })),
    ).toBe("Learning rate rising to 0.03 over 10 steps. From step 1,205.");
  });

  test("say what was linked", () => {
    const asked = { kind: "set" as const, values: { momentum: 0.99 }, keep_step_size: true };
    const got = changed({
      before: { momentum: 0.9, learning_rate: 0.01 },
      after: { momentum: 0.99, learning_rate: 0.001 },
    });

    expect(answerText(asked, got)).toBe(
      "Momentum 0.9 → 0.99; learning rate 0.01 → 0.001 to keep the step size, from step 1,205.",
    );
  });

  test("tell what the optimizer needed besides", () => {
    const asked = { kind: "set" as const, values: { momentum: 0 } };
    const got = changed({ before: { momentum: 0.9 }, after: { momentum: 0 }, notes: ["velocity cleared"] });

    expect(answerText(asked, got)).toBe("Momentum 0.9 → 0 from step 1,205. Velocity cleared.");
  });
});
