/** A component uses the classes of the module beside it or of one that several share; a module has no others. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
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

const COMPONENTS = readdirSync(ROOT, { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".tsx"),
);
const hasComponent = (name: string): boolean => existsSync(join(ROOT, name.replace(".module.css", ".tsx")));

/** Which classes of a module each component uses that imports it. */
function usesOf(name: string): Set<string>[] {
  return COMPONENTS.flatMap((component) => {
    const text = readFileSync(join(ROOT, component), "utf8");
    for (const [, alias, path] of text.matchAll(/import \* as (\w+) from "(\.[^"]+\.module\.css)"/g)) {
      if (join(dirname(component), path as string) !== name) continue;
      return [matches(text, new RegExp(`\\b${alias}\\.(\\w+)`, "g"))];
    }
    return [];
  });
}

test.each(MODULES)("%s has what its components use, and nothing else", (name) => {
  const uses = usesOf(name);
  const used = new Set(uses.flatMap((one) => [...one]));

  // Beside its component, or shared: then it has a name of its own.
  expect(uses.length).toBeGreaterThanOrEqual(hasComponent(name) ? 1 : 2);
  expect([...used].sort()).toEqual([...definedIn(readFileSync(join(ROOT, name), "utf8"))].sort());
});
