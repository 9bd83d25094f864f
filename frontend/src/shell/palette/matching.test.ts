/** What a text in the palette means. */
import { expect, test } from "vitest";
import type { Entry } from "./matching";
import { matching, typedCommand } from "./matching";

const entry = (title: string, words = ""): Entry => ({ key: title, title, words, act: () => undefined });

test("words are found by how they begin, in any order, and titles that begin so come first", () => {
  const entries = [entry("Go to Runs"), entry("Open axe", "run #57"), entry("Run axe again")];
  const titles = (text: string) => matching(entries, text).map(({ title }) => title);

  expect(titles("run")).toEqual(["Run axe again", "Go to Runs", "Open axe"]);
  expect(titles("axe op")).toEqual(["Open axe"]);
  expect([titles("57"), titles("#57")]).toEqual([["Open axe"], ["Open axe"]]);
  expect(titles("xe")).toEqual([]);
});

test("a learning rate and a note are said with their value", () => {
  expect(typedCommand("lr 0.02", 0.1)).toEqual({ kind: "rate", value: 0.02 });
  expect(typedCommand("LR x2", 0.1)).toEqual({ kind: "rate", value: 0.2 });
  expect(typedCommand("lr 50", 0.1)).toBeNull();
  expect(typedCommand("note it bounces ", 0.1)).toEqual({ kind: "note", text: "it bounces" });
  expect([typedCommand("lr", 0.1), typedCommand("note ", 0.1), typedCommand("notes", 0.1)]).toEqual([
    null,
    null,
    null,
  ]);
});
