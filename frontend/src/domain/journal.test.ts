/** The journal tells what happened to a run in words. */
import { expect, test } from "vitest";
import { anEvent } from "../api/exampleEvent";
import { entriesOf } from "./journal";
import { markersOf } from "./markers";

test("a worker that died and its replacement are told, an ordinary start is not", () => {
  const reason = "recovering: The worker was killed by signal 9 (SIGKILL).";
  const events = [
    anEvent("status_changed", { status: "starting", summary: "Starting" }),
    anEvent("status_changed", { status: "starting", reason, summary: "Killed. A new one continues." }),
  ];

  const texts = entriesOf(events).map((entry) => entry.text);

  expect(texts).toEqual(["Killed. A new one continues."]);
});

test("a change is listed and marked at the first step that uses it", () => {
  const batch = anEvent("changed", {
    step: 1204,
    effective_step: 1221,
    before: { batch_size: 32 },
    after: { batch_size: 64 },
    summary: "Mini-batch size 32 → 64",
  });

  const [entry] = entriesOf([batch]);

  expect([entry?.step, markersOf([batch])[0]?.step]).toEqual([1221, 1221]);
});

test("a corrected note is one entry and one marker, with its newest text and all earlier ones", () => {
  const note = (id: number, text: string, replaces: number | null) =>
    anEvent("note_added", { id, seq: id + 100, text, summary: text, replaces, actor: "owner" });
  const notes = [note(1, "a platau", null), note(2, "a plateu", 101), note(3, "a plateau", 101)];

  const entries = entriesOf(notes);

  expect(entries.map(({ text, earlier }) => [text, earlier])).toEqual([
    ["a plateau", ["a plateu", "a platau"]],
  ]);
  expect(markersOf(notes).map(({ text }) => text)).toEqual(["a plateau"]);
});
