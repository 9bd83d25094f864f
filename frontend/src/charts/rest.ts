/** How long a chart may rest although new points came: the less they say, the longer. */
import type { OpenRun } from "../state/page";
import type { ChartName, Drawing } from "./compose";
import { lastFinite } from "./compose";
import { REDRAW_MS_MIN } from "./scheduler";

/** The measurements below the cost are read less closely than the cost itself, ms. */
export const BESIDE_MS = 500;
/** A setting that nobody changed is a level line that only gets longer, ms. */
export const UNCHANGED_MS = 1000;

const SETTINGS: Partial<Record<ChartName, string>> = { lr: "learning_rate", momentum: "momentum" };

export function restMs(name: ChartName, drawn: Pick<Drawing, "newest"> | null, open: OpenRun | null): number {
  if (name === "accuracy") return BESIDE_MS;
  const setting = open?.curves.raw[SETTINGS[name] ?? ""];
  if (!setting || drawn === null) return REDRAW_MS_MIN;
  return lastFinite(setting) === drawn.newest ? UNCHANGED_MS : REDRAW_MS_MIN;
}
