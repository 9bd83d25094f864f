/** Light or dark: the system's choice until the person makes one. */
import { createStore } from "../../state/createStore";
import { recall, remember } from "../../state/localStorage";

const KEY = "babysit.theme";

/** The first script of the page has set it. */
const store = createStore(
  typeof document !== "undefined" && document.documentElement.dataset["theme"] === "dark",
);

function apply(dark: boolean): void {
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
  store.set(dark);
  window.dispatchEvent(new Event("babysit:theme")); // charts are drawn with the tokens of the theme
}

export function setDark(dark: boolean): void {
  remember(KEY, dark ? "dark" : "light");
  apply(dark);
}

export function followSystemTheme(): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => {
    if (recall(KEY) === null) apply(event.matches);
  });
}

export const useDark = (): boolean => store.use();
