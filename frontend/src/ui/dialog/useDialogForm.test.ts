/** What the server refuses is said at its field. */
import { expect, test } from "vitest";
import { fieldName, given } from "./useDialogForm";

test("the server's path of a field is its name in the form", () => {
  expect(
    ["values.learning_rate", "body.values.momentum", "body.values.base_learning_rate", "steps"].map(
      fieldName,
    ),
  ).toEqual(["learning_rate", "momentum", "learning_rate", "steps"]);
});

test("an empty field is left to the server", () => {
  expect([" ", "", " a "].map(given)).toEqual([undefined, undefined, "a"]);
});
