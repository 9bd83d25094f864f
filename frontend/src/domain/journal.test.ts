/** The journal tells what happened to a run in words. */
import { expect, test } from "vitest";
import type { RunEvent } from "../api/types";
import { entriesOf } from "./journal";

const at = "2026-01-01T00:00:00Z";

test("a worker that died and its replacement are told, an ordinary start is not", () => {
  const events: RunEvent[] = [
    { id: 1, run_id: 1, attempt: 0, seq: 1, step: 0, at, kind: "status_changed", status: "starting" },
    {
      id: 2,
      run_id: 1,
      attempt: 0,
      seq: 2,
      step: 90,
      at,
      kind: "status_changed",
      status: "starting",
      reason: "recovering: The worker was killed by signal 9 (SIGKILL).",
    },
  ];

  const texts = entriesOf(events).map((entry) => entry.text);

  expect(texts).toEqual(["The worker was killed by signal 9 (SIGKILL). Another one takes the run up."]);
});
