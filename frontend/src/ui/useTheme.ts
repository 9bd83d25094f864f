/** Light or dark: the system's choice until the person makes one. */
import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();

const isDark = (): boolean => document.documentElement.dataset["theme"] === "dark";

function apply(dark: boolean): void {
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
  for (const listener of listeners) listener();
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

export function followSystemTheme(): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => {
    if (stored() === null) apply(event.matches);
  });
}

export const useDark = (): boolean =>
  useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, isDark);
