/** What a chip of a status shows. */
import type { IconName } from "./Icon";

export interface ChipText {
  icon: IconName;
  word: string;
  tone: "good" | "calm" | "busy" | "bad";
}
