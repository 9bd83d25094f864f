/** Colours of the charts, read from the same tokens as the rest of the page. */

export interface Palette {
  train: string;
  val: string;
  branch: string;
  ghost: string;
  third: string;
  text: string;
  muted: string;
  grid: string;
  problem: string;
  font: string;
}

const TOKENS: Record<Exclude<keyof Palette, "font">, string> = {
  train: "--train",
  val: "--val",
  branch: "--branch-b",
  ghost: "--ghost",
  third: "--branch-c",
  text: "--text",
  muted: "--muted",
  grid: "--grid",
  problem: "--problem",
};

let known: { theme: string; palette: Palette } | null = null;

export function palette(): Palette {
  const theme = document.documentElement.dataset["theme"] ?? "light";
  if (known?.theme === theme) return known.palette;
  const style = getComputedStyle(document.documentElement);
  const colours = Object.fromEntries(
    Object.entries(TOKENS).map(([name, token]) => [name, style.getPropertyValue(token).trim()]),
  ) as Omit<Palette, "font">;
  const made = { ...colours, font: style.getPropertyValue("--font").trim() };
  known = { theme, palette: made };
  return made;
}

/** The same colour, let through: `#1d4ed8` with 0.35 → `rgba(29, 78, 216, 0.35)`. */
export function withOpacity(colour: string, opacity: number): string {
  const hex = colour.replace("#", "");
  const part = (i: number): number => parseInt(hex.slice(i, i + 2), 16);
  return `rgba(${part(0)}, ${part(2)}, ${part(4)}, ${opacity})`;
}
