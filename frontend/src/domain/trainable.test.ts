/** A new run of a script is asked for each thing once. */
import { expect, test } from "vitest";
import type { Hyperparameter } from "../api/types";
import { asked } from "./trainable";

const item = (name: string, relative: boolean) => ({ name, relative }) as Hyperparameter;
const names = (items: Hyperparameter[]) => items.map(({ name }) => name);
const rate = item("learning_rate", true);
const momentum = item("momentum", true);

test("the argument stands for the option of the optimizer that it is given to", () => {
  expect(names(asked([item("lr", false), rate, momentum]))).toEqual(["lr", "momentum"]);
});

test("an option without such an argument is shown, and one that was asked for before", () => {
  expect(names(asked([rate, momentum]))).toEqual(["learning_rate", "momentum"]);
  expect(names(asked([item("lr", false), rate], { learning_rate: 0.1 }))).toEqual(["lr", "learning_rate"]);
});
