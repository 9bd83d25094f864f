/** The tails of other branches: what they did after they parted from this one, thin, dashed and named. */
import type { Series } from "../../domain/series";
import { windowOf } from "../../domain/series";
import { measured, whole } from "../../format/numbers";
import type { CurveSet, View } from "../../state/state";
import type { Axis } from "../axis";
import { toX } from "../axis";
import type { Frame } from "../geometry";
import { xToPx, yToPx } from "../geometry";
import type { Viewport } from "../lines";
import { line } from "../lines";

export type Branch = CurveSet["branches"][number];

/** The end of a tail on the chart. */
export interface Tail {
  runId: number;
  text: string;
  step: number;
  value: number;
  lit: boolean;
}

/** More names than this would cover the curves; the list below the chart has them all. */
const NAMED_MAX = 4;
const NAME_MAX = 22;

/** "kill-me from 300 · val 0.170". A cost of NaN or ∞ is said. */
export function branchText({ name, from, raw }: Branch): string {
  const val = raw["val/cost"]?.value.at(-1);
  const short = name.length > NAME_MAX ? `${name.slice(0, NAME_MAX - 1)}…` : name;
  return `${short} from ${whole(from)}${val === undefined ? "" : ` · val ${measured(val)}`}`;
}

export interface Tails {
  traces: object[];
  tails: Tail[];
}

/** names: the series of the chart. Of a branch only validation is drawn, and training while it is pointed at. */
export function branchTails(
  curves: CurveSet,
  names: string[],
  viewport: Viewport,
  view: Pick<View, "hiddenBranches" | "litBranch">,
  colour: string,
): Tails {
  const result: Tails = { traces: [], tails: [] };
  for (const branch of curves.branches) {
    if (view.hiddenBranches.includes(branch.runId)) continue;
    const lit = branch.runId === view.litBranch;
    const main = names.find((name) => name.startsWith("val/") && branch.raw[name]) ?? names[0] ?? "";
    for (const name of names) {
      if (name !== main && !lit) continue;
      const seen = visibleTail(branch.raw[name], viewport);
      if (!seen) continue;
      const dash = name === main ? "dash" : "dot";
      result.traces.push(line(seen, viewport.axis, { colour, width: lit ? 2 : 1, dash }));
      const end = seen.value.findLastIndex((value, i) => {
        return Number.isFinite(value) && (seen.step[i] as number) <= viewport.to;
      });
      if (name !== main || end < 0) continue;
      const [step, value] = [seen.step[end] as number, seen.value[end] as number];
      result.tails.push({ runId: branch.runId, text: branchText(branch), step, value, lit });
    }
  }
  return result;
}

function visibleTail(series: Series | undefined, viewport: Viewport): Series | null {
  const seen = series ? windowOf(series, viewport.from, viewport.to) : null;
  return seen && seen.step.length > 0 ? seen : null;
}

/** Tails that end above what the chart shows: they do not stretch it. */
export const tailsAbove = (tails: Tail[], { y, log }: Frame): number =>
  tails.filter(({ value }) => (log ? Math.log10(Math.max(value, Number.MIN_VALUE)) : value) > y[1]).length;

export interface TailLabel {
  runId: number;
  text: string;
  lit: boolean;
  x: number; // px
  y: number;
}

/** Where the names stand: those of a few newest branches, or of the one pointed at. */
export function tailLabels(tails: Tail[], frame: Frame, axis: Axis): TailLabel[] {
  const inside = tails.filter((tail) => tailsAbove([tail], frame) === 0);
  const lit = inside.filter((tail) => tail.lit);
  return (lit.length > 0 ? lit : inside.slice(-NAMED_MAX)).map(({ runId, text, lit, step, value }) => ({
    runId,
    text,
    lit,
    x: xToPx(frame, toX(axis, step)),
    y: yToPx(frame, value),
  }));
}
