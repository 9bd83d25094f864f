/** How the updates themselves look: the size of gradients and of steps, and the speed. Pure. */
import type { Run } from "../../api/types";
import { measured, rounded } from "../../format/numbers";
import { partText, stepSizeZone } from "../hyperparameters/stepSize";
import type { Series } from "../series";

export interface Sign {
  name: "grad_norm" | "step_size" | "steps_per_s";
  title: string;
  value: string;
  /** How it stands to what is usual. */
  word: string;
  tone: "good" | "busy" | "problem";
  series: Series;
}

/** Gradients this many times above what nine of ten were, three times in the last five, are a surge. */
const SURGE = 4;
const SURGE_OF_LAST = 3;
const LAST = 5;
/** Below this part of the median speed something else uses the machine. */
const SLOW = 0.5;
/** So many values say what is usual. */
const USUAL_MIN = 10;

/** What was recorded of these three; the rest is left out. */
export function signsOf(run: Run, raw: Record<string, Series>): Sign[] {
  const [norm, size, speed] = [raw["grad_norm"], raw["step_size"], raw["steps_per_s"]];
  const signs: Sign[] = [];
  const last = (series: Series | undefined): number => series?.value.findLast(Number.isFinite) ?? NaN;
  if (norm && Number.isFinite(last(norm))) {
    const state = normState(norm.value);
    signs.push({
      name: "grad_norm",
      title: "Gradient norm",
      value: measured(last(norm)),
      ...state,
      series: norm,
    });
  }
  if (size && Number.isFinite(last(size))) {
    const value = `${partText(last(size))} of the weights`;
    signs.push({ name: "step_size", title: "Step size", value, ...stepSizeZone(last(size)), series: size });
  }
  if (speed && Number.isFinite(last(speed))) {
    const value = `${rounded(last(speed))} steps/s`;
    signs.push({
      name: "steps_per_s",
      title: "Speed",
      value,
      ...speedState(run, speed.value),
      series: speed,
    });
  }
  return signs;
}

type State = Pick<Sign, "word" | "tone">;

function normState(values: number[]): State {
  const finite = values.filter(Number.isFinite).toSorted((a, b) => a - b);
  const usual = finite[Math.floor(finite.length * 0.9)] ?? Infinity;
  const high = values.slice(-LAST).filter((value) => !(value <= usual * SURGE));
  if (finite.length < USUAL_MIN || high.length < SURGE_OF_LAST) return { word: "usual", tone: "good" };
  return { word: "surging", tone: "problem" };
}

function speedState(run: Run, values: number[]): State {
  if (run.max_steps_per_s) return { word: "limited", tone: "good" };
  const finite = values.filter(Number.isFinite).toSorted((a, b) => a - b);
  const median = finite[Math.floor(finite.length / 2)] ?? 0;
  const now = values.findLast(Number.isFinite) ?? median;
  if (finite.length < USUAL_MIN || now >= median * SLOW) return { word: "usual", tone: "good" };
  return { word: "slow", tone: "busy" };
}
