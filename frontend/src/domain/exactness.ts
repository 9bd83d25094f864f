/** How exactly a run can be repeated, in words. */
import type { Exactness } from "../api/types";
import { whole } from "../format/numbers";

const WORDS: Record<Exactness["level"], string> = {
  exact: "exact",
  proved: "exact",
  seen: "exact as far as seen",
  approximate: "approximate",
  "not proved": "not proved",
};

const isProved = ({ level }: Exactness): boolean => level === "exact" || level === "proved";

/** The level, in a few words. */
export function exactnessWord(exactness: Exactness): string {
  const word = WORDS[exactness.level];
  const step = exactness.proved_at_step;
  return isProved(exactness) && step !== null ? `${word}, proved at step ${whole(step)}` : word;
}

/** With the reasons. */
export function exactnessText(exactness: Exactness): string {
  const { reasons, proved_at_step: step } = exactness;
  if (isProved(exactness)) return `exact: steps up to ${whole(step ?? 0)} were made twice and were equal`;
  const word = WORDS[exactness.level];
  return reasons.length > 0 ? `${word}: ${reasons.join("; ")}` : word;
}
