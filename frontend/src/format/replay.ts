/** What came of doing a run again, in words. */
import type { WireNumber } from "../api/types";
import { whole } from "./numbers";

export interface ReplayResult {
  step: number;
  equal?: boolean;
  first_step?: number | null;
  quantity?: string | null;
  recorded?: WireNumber | string | null;
  found?: WireNumber | string | null;
  branched?: boolean;
}

/** Hashes are long, and only that they differ says something. */
const SHOWN_MAX = 24;

export function replayText(result: ReplayResult): string {
  if (!result.equal) {
    const [was, is] = [String(result.recorded), String(result.found)];
    const values = was.length > SHOWN_MAX ? "" : ` was ${was}, is ${is}`;
    return `Differs first at step ${whole(result.first_step ?? 0)}: ${result.quantity ?? "?"}${values}`;
  }
  return result.branched
    ? `Branched by hand at step ${whole(result.step)}, equal to the last bit up to there`
    : "Equal to the last bit";
}
