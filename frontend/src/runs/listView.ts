/** What the list of runs shows and in which order; all of it is in the address. Pure. */
import type { Run } from "../api/types";

const COLUMNS = ["name", "status", "task", "step", "best", "rate", "created"] as const;
export type Column = (typeof COLUMNS)[number];

export interface ListView {
  search: string;
  status: string;
  task: string;
  trashed: boolean;
  sort: Column;
  descending: boolean;
}

/** Newest first. */
export const firstView = (): ListView => ({
  search: "",
  status: "",
  task: "",
  trashed: false,
  sort: "created",
  descending: true,
});

const isColumn = (name: string | null): name is Column => COLUMNS.some((column) => column === name);

/** search: of the address, with or without its question mark. */
export function readListView(search: string): ListView {
  const fields = new URLSearchParams(search);
  const sort = fields.get("sort");
  return {
    search: fields.get("q") ?? "",
    status: fields.get("status") ?? "",
    task: fields.get("task") ?? "",
    trashed: fields.get("trash") === "1",
    ...(isColumn(sort)
      ? { sort, descending: fields.get("order") === "down" }
      : { sort: "created", descending: true }),
  };
}

/** "?task=digits&sort=best"; "" for what is shown at first. */
export function listViewText(view: ListView): string {
  const fields = new URLSearchParams();
  if (view.search) fields.set("q", view.search);
  if (view.status) fields.set("status", view.status);
  if (view.task) fields.set("task", view.task);
  if (view.trashed) fields.set("trash", "1");
  if (view.sort !== "created" || !view.descending) {
    fields.set("sort", view.sort);
    if (view.descending) fields.set("order", "down");
  }
  return fields.size > 0 ? `?${fields}` : "";
}

/** Pressed again, a column turns round. Numbers of steps and dates begin with the greatest. */
export function toggleSort(view: ListView, column: Column): Pick<ListView, "sort" | "descending"> {
  if (view.sort === column) return { sort: column, descending: !view.descending };
  return { sort: column, descending: column === "step" || column === "created" };
}

export const rateOfRun = (run: Run): number | null => {
  const rate = run.effective?.learning_rate ?? run.values["learning_rate"];
  return typeof rate === "number" ? rate : null;
};

function cell(run: Run, column: Column): string | number | null {
  switch (column) {
    case "name":
      return run.name;
    case "status":
      return run.status;
    case "task":
      return run.task;
    case "step":
      return run.step;
    case "best":
      return run.best === null || run.best === undefined ? null : Number(run.best.value);
    case "rate":
      return rateOfRun(run);
    case "created":
      return run.id;
  }
}

/** What has no value stands last either way; of equal ones the newest first. */
export function sortRuns(runs: readonly Run[], { sort, descending }: ListView): Run[] {
  const turn = descending ? -1 : 1;
  return [...runs].sort((a, b) => {
    const [x, y] = [cell(a, sort), cell(b, sort)];
    const [noX, noY] = [x === null || Number.isNaN(x), y === null || Number.isNaN(y)];
    if (noX || noY) return noX === noY ? b.id - a.id : noX ? 1 : -1;
    const by =
      typeof x === "number" && typeof y === "number"
        ? x - y
        : String(x).localeCompare(String(y), "en", { numeric: true });
    return by * turn || b.id - a.id;
  });
}
