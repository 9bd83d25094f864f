/** What a tab in the background tells, and what it keeps to itself. */
import { expect, test } from "vitest";
import { anEvent } from "../../api/exampleEvent";
import type { Run } from "../../api/types";
import { noticeOf, titleOf } from "./notice";

const run = {
  name: "axe",
  objective: "val/cost",
  best: { value: 0.119, step: 660, val_cost: 0.119 },
} as unknown as Run;

test("the title names what somebody has to come for", () => {
  const titled = (status: Run["status"], reason: string | null = null) =>
    titleOf({ name: "axe", status, reason });

  expect(titled("paused", "guard")).toBe("(!) Paused – axe – Babysit");
  expect(titled("lost")).toBe("✗ Failed – axe – Babysit");
  expect(titled("finished")).toBe("✓ Finished – axe – Babysit");
  expect([titled("running"), titled("paused", "user"), titled("paused", "no_viewer")]).toEqual(
    Array(3).fill("axe – Babysit"),
  );
});

test("a notification comes for a guard, a failure, an end and a recovery, not for what a person did", () => {
  const status = (status: Run["status"], reason: string | null = null) =>
    noticeOf(run, anEvent("status_changed", { status, reason, step: 1200 }));

  expect(status("paused", "guard")?.text).toBe("At step 1,200. Reason: the cost blew up.");
  expect(status("failed", "ValueError: x")?.text).toBe("At step 1,200. ValueError: x");
  expect(status("finished")).toEqual({
    title: "✓ axe finished",
    text: "At step 1,200. Best val cost 0.119.",
  });
  expect([status("paused", "user"), status("running"), status("stopped")]).toEqual([null, null, null]);
  expect(noticeOf(run, anEvent("recovered", { summary: "Back at step 9." }))?.text).toBe("Back at step 9.");
});
