/** Light or dark: the system's choice until the person makes one. */
import { useSyncExternalStore } from "react";

const readers = new Set<() => void>();

const isDark = (): boolean => document.documentElement.dataset["theme"] === "dark";

function apply(dark: boolean): void {
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
  for (const read of readers) read();
  window.dispatchEvent(new Event("babysit:theme")); // charts are drawn with the tokens of the theme
}

function stored(): string | null {
  try {
    return localStorage.getItem("babysit.theme");
  } catch {
    return null;
  }
}

export function setDark(dark: boolean): void {
  try {
    localStorage.setItem("babysit.theme", dark ? "dark" : "light");
  } catch {
    // Blocked storage: the choice then lasts until the next load.
  }
  apply(dark);
}

export function followSystem(): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => {
    if (stored() === null) apply(event.matches);
  });
}

export const useDark = (): boolean =>
  useSyncExternalStore((read) => {
    readers.add(read);
    return () => readers.delete(read);
  }, isDark);
