/** Which entries of the palette a typed text means, and what it says by itself. Pure. */
import { parseLearningRate } from "../../format/parseNumber";

export interface Entry {
  key: string;
  title: string;
  /** Other words by which it is found. */
  words?: string;
  /** The key that does the same without the palette. */
  shortcut?: string;
  act: () => void;
}

const RESULTS_MAX = 12;

/** Every typed word begins a word of the entry; entries whose title begins with the text come first. */
export function matching(entries: Entry[], text: string): Entry[] {
  const typed = text.trim().toLowerCase();
  const parts = typed.split(/\s+/).filter(Boolean);
  const found = entries.filter((entry) => {
    const words = `${entry.title} ${entry.words ?? ""}`
      .toLowerCase()
      .split(/\s+/)
      .flatMap((word) => [word, word.replace(/^#/, "")]);
    return parts.every((part) => words.some((word) => word.startsWith(part)));
  });
  const rank = (entry: Entry): number => (entry.title.toLowerCase().startsWith(typed) ? 0 : 1);
  return found.sort((a, b) => rank(a) - rank(b)).slice(0, RESULTS_MAX);
}

export type Typed = { kind: "rate"; value: number } | { kind: "note"; text: string };

/** "lr 0.02", "lr x2", "note it bounces". Null: it says nothing by itself. current: the learning rate now. */
export function typedCommand(text: string, current: number): Typed | null {
  const rate = /^\s*(?:lr|learning rate)\s+(\S.*)$/i.exec(text)?.[1];
  if (rate !== undefined) {
    const { value } = parseLearningRate(rate, current);
    return value === null ? null : { kind: "rate", value };
  }
  const note = /^\s*note\s+(\S.*)$/i.exec(text)?.[1]?.trim();
  return note ? { kind: "note", text: note } : null;
}
