/** What was set by hand over a script is told by what was asked for, not by the value that came of it. */
import { expect, test } from "vitest";
import { anEvent } from "../../api/exampleEvent";
import type { Hyperparameter, RequestedValues, RunEvent, Value } from "../../api/types";
import {
  largestRise,
  multiplied,
  nudgedRates,
  overrideOf,
  relativeText,
  requestsOf,
  valueInForce,
} from "./override";

const RATE = "learning_rate";

/** A change of the learning rate, as it was asked for and as it was read back at step 10 × id. */
const set = (id: number, asked: RequestedValues[string], after: Value): RunEvent[] => [
  anEvent("command_sent", { command_id: id, command: { kind: "set", values: { [RATE]: asked } } }),
  anEvent("changed", { command_id: id, after: { [RATE]: after }, effective_step: id * 10 + 1 }),
];
const halved = set(1, { times: 0.5 }, 0.02);
const held = set(2, 0.05, 0.05);
const released = set(3, { release: true }, 0.04);

test("the newest change says what is in force over the script", () => {
  expect(overrideOf(RATE, [])).toBeNull();
  expect(overrideOf(RATE, halved)).toEqual({ times: 0.5 });
  expect(overrideOf(RATE, [...halved, ...held])).toEqual({ value: 0.05 });
  expect(overrideOf(RATE, [...held, ...released])).toBeNull();
  expect(overrideOf("momentum", halved)).toBeNull();
});

test("commands are counted within a run: one of an ancestor is not mistaken for another", () => {
  const ofParent = set(1, 0.3, 0.3).map((event) => ({ ...event, run_id: 7 }));
  expect(requestsOf([...ofParent, ...halved]).size).toBe(2);
  expect(overrideOf(RATE, [...ofParent, ...halved])).toEqual({ times: 0.5 });
});

test("the value in force is what the last update used, or what a change will make of the next", () => {
  const run = { values: { [RATE]: 0.1, prior: 2 }, latest: { [RATE]: 0.03 }, step: 11 };
  expect(valueInForce(RATE, run, [])).toBe(0.03);
  expect(valueInForce("prior", run, [])).toBe(2);
  expect(valueInForce(RATE, run, halved)).toBe(0.03);
  expect(valueInForce(RATE, { ...run, step: 10 }, halved)).toBe(0.02);
});

test("a nudge keeps the schedule, and a value that is held stays held", () => {
  expect(multiplied(0.04, null, 0.5, false)).toEqual({ times: 0.5 });
  expect(multiplied(0.02, { times: 0.5 }, 0.5, false)).toEqual({ times: 0.25 });
  expect(multiplied(0.1, { value: 0.1 }, 3, false)).toBe(0.3);
  expect(multiplied(0.5, null, 0.5, true)).toEqual({ times: 0.25 });
});

test("the quick buttons move the learning rate of each optimizer", () => {
  const declared = ["a.learning_rate", "b.learning_rate"].map(
    (name) => ({ name, relative: true }) as Hyperparameter,
  );
  const run = { values: { "a.learning_rate": 1, "b.learning_rate": 2 }, latest: {}, step: 0 };
  expect(nudgedRates(run, declared, [], 0.5)).toEqual({
    "a.learning_rate": { times: 0.5 },
    "b.learning_rate": { times: 0.5 },
  });
});

test("a rise is measured against what is in force", () => {
  const run = { values: {}, latest: { [RATE]: 0.02 }, step: 90 };
  expect(largestRise({ [RATE]: { times: 1 } }, run, halved)).toBe(2);
  expect(largestRise({ [RATE]: { times: 2 } }, run, [])).toBe(2);
  expect(largestRise({ [RATE]: 0.06 }, run, [])).toBe(3);
  expect(largestRise({ [RATE]: { release: true }, momentum: 3 }, run, halved)).toBe(2);
  expect(largestRise({ [RATE]: { times: 5 } }, run, held)).toBe(0);
});

test("a relative change says what it is relative to", () => {
  expect(relativeText({ [RATE]: { times: 0.5 } })).toBe("× 0.5 of what the script says");
  expect(relativeText({ [RATE]: { release: true } })).toBe("as the script says");
  expect(relativeText({ [RATE]: 0.5 })).toBe("");
  expect(relativeText({ a: { times: 0.5 }, b: { times: 2 } })).toBe("");
});
