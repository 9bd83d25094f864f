/** The trial under the pointer or the focus, lit in every chart and in the table. Apart from the search: it changes often. */
import { useSyncExternalStore } from "react";

let hovered: number | null = null;
let pinned: number | null = null;
const readers = new Set<() => void>();

function tell(): void {
  for (const read of readers) read();
}

export function light(number: number | null): void {
  if (number === hovered) return;
  hovered = number;
  tell();
}

/** A click keeps it lit; a second one lets it go. */
export function pin(number: number | null): void {
  pinned = number === pinned ? null : number;
  tell();
}

export function allDark(): void {
  hovered = null;
  pinned = null;
  tell();
}

const now = (): number | null => hovered ?? pinned;

const listen = (read: () => void): (() => void) => {
  readers.add(read);
  return () => readers.delete(read);
};

export const useLit = (): number | null => useSyncExternalStore(listen, now);
/** For the rows of a long table: only the two that change render again. */
export const useIsLit = (number: number): boolean => useSyncExternalStore(listen, () => now() === number);
export const getLit = now;
