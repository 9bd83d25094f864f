/** How long a chart may wait although new points came: the less they say, the longer. */
import { momentumNames, rateNames } from "../../domain/chartGroups";
import type { OpenRun } from "../../state/state";
import type { ChartName } from "../compose";
import type { Drawing } from "../drawing";
import { lastFinite } from "../drawing";
import { REDRAW_MS_MIN } from "./scheduler";

/** The measurements below the cost are read less closely than the cost itself, ms. */
const SECONDARY_MS = 500;
/** A setting that was not changed is a level line that only gets longer, ms. */
export const UNCHANGED_MS = 1000;

const SETTINGS: Partial<Record<ChartName, (names: string[]) => string[]>> = {
  lr: rateNames,
  momentum: momentumNames,
};

export function redrawIntervalMs(
  name: ChartName,
  drawn: Pick<Drawing, "newest"> | null,
  open: OpenRun | null,
): number {
  if (name === "accuracy" || name.startsWith("curves:")) return SECONDARY_MS;
  const raw = open?.curves.raw ?? {};
  const setting = raw[SETTINGS[name]?.(Object.keys(raw))[0] ?? ""];
  if (!setting || drawn === null) return REDRAW_MS_MIN;
  return lastFinite(setting) === drawn.newest ? UNCHANGED_MS : REDRAW_MS_MIN;
}
