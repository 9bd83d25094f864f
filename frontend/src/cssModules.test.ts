/** A component uses the classes of the module beside it, and a module has no others. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = import.meta.dirname;
const MODULES = readdirSync(ROOT, { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".module.css"),
);

const camelCase = (name: string): string =>
  name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
const matches = (text: string, pattern: RegExp): Set<string> =>
  new Set([...text.matchAll(pattern)].map((match) => match[1] as string));

/** The classes that a module defines: not those of others, in `:global(…)`. */
function definedIn(css: string): Set<string> {
  const own = css.replace(/\/\*[\s\S]*?\*\//g, "").replace(/:global\([^)]*\)/g, "");
  const selectors = own.replace(/\{[^{}]*\}/g, "{}");
  return new Set([...matches(selectors, /\.([A-Za-z][\w-]*)/g)].map(camelCase));
}

test("there are modules", () => expect(MODULES.length).toBeGreaterThan(40));

test.each(MODULES)("%s has what its component uses, and nothing else", (name) => {
  const component = join(ROOT, name.replace(".module.css", ".tsx"));
  expect(existsSync(component)).toBe(true);
  const used = matches(readFileSync(component, "utf8"), /\bstyles\.(\w+)/g);

  expect([...used].sort()).toEqual([...definedIn(readFileSync(join(ROOT, name), "utf8"))].sort());
});
