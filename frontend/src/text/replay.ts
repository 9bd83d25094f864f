/** What came of doing a run again, in words. */
import type { WireNumber } from "../api/types";
import { whole } from "./numbers";

export interface ReplaySaid {
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

export function replayText(said: ReplaySaid): string {
  if (!said.equal) {
    const [was, is] = [String(said.recorded), String(said.found)];
    const values = was.length > SHOWN_MAX ? "" : ` was ${was}, is ${is}`;
    return `Differs first at step ${whole(said.first_step ?? 0)}: ${said.quantity ?? "?"}${values}`;
  }
  return said.branched
    ? `Branched by hand at step ${whole(said.step)}, equal to the last bit up to there`
    : "Equal to the last bit";
}
