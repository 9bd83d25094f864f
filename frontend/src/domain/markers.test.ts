/** Changes are marked once each, and crowds share a place. */
import { expect, test } from "vitest";
import { anEvent } from "../api/exampleEvent";
import type { EventOf, Family, Run } from "../api/types";
import { changeText, nameOf } from "../format/hyperparameters";
import { COLLAPSE_PX, forkMarkers, groupMarkers, markersOf } from "./markers";

const changed = (id: number, fields: Partial<EventOf<"changed">>) =>
  anEvent("changed", {
    id,
    step: id * 10 - 1,
    effective_step: id * 10,
    actor: "owner",
    values: {},
    ...fields,
  });

const halved = { before: { learning_rate: 0.01 }, after: { learning_rate: 0.005 } };

test("markers nearer than 12 px collapse to one with a count", () => {
  const markers = markersOf([1, 2, 3].map((id) => changed(id, { command_id: id, ...halved })));
  const places = [100, 100 + COLLAPSE_PX - 1, 100 + COLLAPSE_PX];

  const groups = groupMarkers(markers, (step) => places[step / 10 - 1] as number);

  expect(groups.map((group) => [group.x, group.markers.length])).toEqual([
    [100, 2],
    [112, 1],
  ]);
});

test("a change says what it was, what it became, who did it and why", () => {
  const events = [
    changed(1, { command_id: 7, ...halved, summary: "Learning rate 0.01 → 0.005" }),
    anEvent("note_added", { id: 2, text: "too bouncy", command_id: 7 }),
  ];

  expect(markersOf(events)).toEqual([
    { eventId: 1, step: 10, kind: "lr", text: "Learning rate 0.01 → 0.005", who: "you", why: "too bouncy" },
  ]);
});

test("a linked change of momentum and learning rate is marked as momentum", () => {
  const linked = changed(1, {
    before: { momentum: 0.9, learning_rate: 0.01 },
    after: { momentum: 0.99, learning_rate: 0.001 },
  });

  expect(markersOf([linked])[0]?.kind).toBe("momentum");
});

test("a note of its own is marked, and so is a tripped guard; checkpoints are not", () => {
  const events = [
    anEvent("note_added", { summary: "first plateau", actor: "owner" }),
    anEvent("guard_tripped", { summary: "The cost became NaN." }),
    anEvent("checkpoint_saved"),
  ];

  expect(markersOf(events).map((marker) => [marker.kind, marker.text])).toEqual([
    ["note", "first plateau"],
    ["pause", "The cost became NaN."],
  ]);
});

test("only what differs is told", () => {
  expect(changeText({ momentum: 0.9, nesterov: false }, { momentum: 0.9, nesterov: true })).toBe(
    "Nesterov off → on",
  );
});

test("branch points are marked on the branch and on what it left", () => {
  const parent = { id: 1, parent: null } as unknown as Run;
  const child = { id: 2, parent: { run_id: 1, step: 40, checkpoint_id: 9 } } as unknown as Run;
  const family = {
    family_id: 1,
    live_run_id: 2,
    runs: [
      { ...parent, name: "a" },
      { ...child, name: "b" },
    ],
  } as unknown as Family;

  expect(forkMarkers(child, family).map((mark) => [mark.step, mark.text])).toEqual([[40, "Forked from a"]]);
  expect(forkMarkers(parent, family).map((mark) => [mark.step, mark.text])).toEqual([[40, "b forked here"]]);
});

test("a setting that did not apply before is written without a value to leave", () => {
  const before = { schedule: "constant" };
  const after = { schedule: "cosine", base_learning_rate: 0.001 };

  expect(changeText(before, after)).toBe("Learning rate decay constant → cosine; Base learning rate 0.001");
});

test("a change relative to a script says so, and is marked by its option", () => {
  const [sent, made] = [
    anEvent("command_sent", {
      command_id: 4,
      command: { values: { "a.learning_rate.0": { release: true } } },
    }),
    changed(2, {
      command_id: 4,
      before: { "a.learning_rate.0": 0.05 },
      after: { "a.learning_rate.0": 0.1 },
      summary: "Learning rate (a, group 0) 0.05 → 0.1",
    }),
  ];
  expect(markersOf([sent, made])[0]).toMatchObject({
    kind: "lr",
    text: "Learning rate (a, group 0) 0.05 → 0.1 (as the script says)",
  });
});

test("an option of an optimizer is called by its part and its group", () => {
  expect(["learning_rate.0", "for_critic.beta1", "a.nesterov.head", "kl_weight"].map(nameOf)).toEqual([
    "Learning rate (group 0)",
    "Adam β₁ (for_critic)",
    "Nesterov (a, head)",
    "Kl weight",
  ]);
});
