/** A branch has the changes of its ancestors that it was trained with, and no others. */
import { expect, test } from "vitest";
import { anEvent } from "../../api/exampleEvent";
import { isInherited } from "./inherited";

const changed = (step: number, id: number, scheduled = false) =>
  anEvent("changed", { step, command_id: id, scheduled });

test("what happened before the branch left is its own past, what came later is not", () => {
  expect([changed(9, 1), changed(11, 1)].map((event) => isInherited(event, 10, 5))).toEqual([true, false]);
});

test("a change that going back has undone is not listed", () => {
  expect(isInherited(changed(10, 6), 10, 5)).toBe(false);
  expect(isInherited(changed(10, 3, true), 10, 5)).toBe(false);
});

test("a change at that step which the checkpoint holds is", () => {
  expect(isInherited(changed(10, 5), 10, 5)).toBe(true);
});

test("the reason for a change counts whenever it was written", () => {
  expect(isInherited(anEvent("note_added", { step: 99, command_id: 1 }), 10, 5)).toBe(true);
});
