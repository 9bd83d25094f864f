/** The list of runs: its order, and its address. */
import { expect, test } from "vitest";
import type { Run } from "../api/types";
import { firstView, listViewText, readListView, sortRuns, toggleSort } from "./listView";

const run = (id: number, name: string, best: number | null): Run =>
  ({ id, name, best: best === null ? null : { value: best, step: 1 }, values: {} }) as unknown as Run;

const RUNS = [run(1, "lr 10", 0.3), run(2, "lr 9", null), run(3, "LR 2", 0.1)];

test("a column sorts up and down, and what has no value stays last", () => {
  const order = (descending: boolean) =>
    sortRuns(RUNS, { ...firstView(), sort: "best", descending }).map(({ id }) => id);

  expect([order(false), order(true)]).toEqual([
    [3, 1, 2],
    [1, 3, 2],
  ]);
});

test("numbers in names count as numbers", () => {
  const names = sortRuns(RUNS, { ...firstView(), sort: "name", descending: false }).map(({ name }) => name);

  expect(names).toEqual(["LR 2", "lr 9", "lr 10"]);
});

test("the address carries the view, and nothing of what is shown at first", () => {
  const view = { ...firstView(), search: "a&b", task: "digits", sort: "step", descending: true } as const;

  expect(listViewText(firstView())).toBe("");
  expect(readListView(listViewText(view))).toEqual(view);
  expect(readListView("?sort=nothing&q=x")).toEqual({ ...firstView(), search: "x" });
});

test("a column begins with what people look for, and turns round when pressed again", () => {
  const best = toggleSort(firstView(), "best");

  expect(best).toEqual({ sort: "best", descending: false });
  expect(toggleSort({ ...firstView(), ...best }, "best").descending).toBe(true);
  expect(toggleSort(firstView(), "step").descending).toBe(true);
});
