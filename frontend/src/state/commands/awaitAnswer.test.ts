/** The events of a run answer its commands. */
import { beforeEach, expect, test } from "vitest";
import { anEvent } from "../../api/exampleEvent";
import type { EventOf, Run, RunEvent } from "../../api/types";
import { dispatch } from "../store";
import { awaitAnswer } from "./awaitAnswer";

const open = (id: number, events: RunEvent[] = []): void =>
  dispatch({ type: "opened", run: { id, allowed: [], step: 0 } as unknown as Run, events, at: 0 });
const receive = (event: RunEvent): void => dispatch({ type: "event", event, at: 0 });
const refused = (id: number, commandId: number): EventOf<"refused"> =>
  anEvent("refused", { id, command_id: commandId, reason: "no" });

beforeEach(() => dispatch({ type: "opening" }));

test("an answer is the event with the number of the command", async () => {
  open(1);

  const answer = awaitAnswer(1, 5);
  receive(anEvent("status_changed", { id: 1, command_id: 5, status: "paused" }));
  receive(refused(2, 4));
  receive(refused(3, 5));

  expect((await answer)?.id).toBe(3);
});

test("an answer may have come before it is asked for", async () => {
  open(1);
  receive(refused(3, 5));

  expect((await awaitAnswer(1, 5))?.id).toBe(3);
});

test("after a reconnect that loads everything again, the answer is among the events", async () => {
  open(1);

  const answer = awaitAnswer(1, 5);
  dispatch({ type: "opening" });
  open(1, [refused(3, 5)]);

  expect((await answer)?.id).toBe(3);
});

test("when another run is opened, the page no longer waits", async () => {
  open(1);

  const answer = awaitAnswer(1, 5);
  open(2);

  expect(await answer).toBeNull();
});

test("a scheduled change is answered when it is scheduled, not when it is made", async () => {
  open(1);

  const answer = awaitAnswer(1, 5);
  receive(anEvent("change_scheduled", { id: 2, command_id: 5, at_step: 900 }));
  receive(anEvent("changed", { id: 3, command_id: 5, values: {} }));

  expect((await answer)?.kind).toBe("change_scheduled");
});
