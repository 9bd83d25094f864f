/** The journal tells what happened to a run in words. */
import { expect, test } from "vitest";
import { anEvent } from "../api/exampleEvent";
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
