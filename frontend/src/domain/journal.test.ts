/** The journal tells what happened to a run in words. */
import { expect, test } from "vitest";
import { anEvent } from "../api/exampleEvent";
import { changeTimeText } from "../format/changeTime";
import { entriesOf } from "./journal";

test("a worker that died and its replacement are told, an ordinary start is not", () => {
  const reason = "recovering: The worker was killed by signal 9 (SIGKILL).";
  const events = [
    anEvent("status_changed", { status: "starting", summary: "Starting" }),
    anEvent("status_changed", { status: "starting", reason, summary: "Killed. A new one continues." }),
  ];

  const texts = entriesOf(events).map((entry) => entry.text);

  expect(texts).toEqual(["Killed. A new one continues."]);
});

test("a change stands at the step after which it was made, and says from which update on it acts", () => {
  const batch = anEvent("changed", {
    step: 1204,
    effective_step: 1221,
    before: { batch_size: 32 },
    after: { batch_size: 64 },
    summary: "Mini-batch size 32 → 64",
  });

  const [entry] = entriesOf([batch]);

  expect([entry?.step, entry?.firstUse]).toEqual([1204, "from step 1,221"]);
  expect(changeTimeText(batch)).toBe("from step 1,221. Made after step 1,204.");
});
