/** The trial under the pointer or the focus, highlighted in every chart and in the table. Kept apart from the search: it changes often. */
import { useSyncExternalStore } from "react";

let hovered: number | null = null;
let pinned: number | null = null;
const listeners = new Set<() => void>();

function notify(): void {
  for (const listener of listeners) listener();
}

export function setHovered(number: number | null): void {
  if (number === hovered) return;
  hovered = number;
  notify();
}

/** A click keeps the highlight; a second click releases it. */
export function togglePinned(number: number | null): void {
  pinned = number === pinned ? null : number;
  notify();
}

export function clearHighlight(): void {
  hovered = null;
  pinned = null;
  notify();
}

const current = (): number | null => hovered ?? pinned;

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useHighlighted = (): number | null => useSyncExternalStore(subscribe, current);
/** For the rows of a long table: only the two that change render again. */
export const useIsHighlighted = (number: number): boolean =>
  useSyncExternalStore(subscribe, () => current() === number);
export const getHighlighted = current;
