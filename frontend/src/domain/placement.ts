/** Where a run is, or what it waits for: what changes without an event of the run. */
import type { Run } from "../api/types";
import { whole } from "../format/numbers";
import { OVER } from "./status";

export type Placement = Pick<Run, "waits_for" | "contact">;

/** Whether it may be something else in a moment: the run waits, or its worker is on another machine. */
export const isPlacementMoving = (status: string, placement: Placement): boolean =>
  status === "queued" || status === "starting" || (!OVER.includes(status) && Boolean(placement.contact));

/** What is to be said of it; null: nothing, as the run is where it should be. */
export function placementText(run: Pick<Run, "status" | "machine">, placement: Placement): string | null {
  if (OVER.includes(run.status)) return null;
  if (placement.waits_for && (run.status === "queued" || run.status === "starting"))
    return placement.waits_for.message;
  if (!placement.contact?.is_silent) return null;
  const machine = run.machine === null ? "" : ` with ${run.machine}`;
  return `No contact${machine} for ${whole(placement.contact.silent_s)} s. It trains on if it can, and sends later what it recorded.`;
}
