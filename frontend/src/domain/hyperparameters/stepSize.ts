/** How the size of one update, as a part of the weights, reads. */
import { measured } from "../../format/numbers";

export interface StepSizeZone {
  word: string;
  tone: "good" | "busy" | "problem";
}

export function stepSizeZone(part: number): StepSizeZone {
  if (part < 0.0003) return { word: "very small", tone: "busy" };
  if (part > 0.1) return { word: "very large", tone: "problem" };
  if (part > 0.03) return { word: "large", tone: "busy" };
  return { word: "usual", tone: "good" };
}

/** "0.0133 %"; beyond the weights themselves the number says nothing. */
export const partText = (part: number): string => (part > 1 ? "over 100 %" : `${measured(part * 100)} %`);

/** "×2", and in words what is too far to compare. */
export function timesText(factor: number): string {
  if (factor > 1000) return "more than 1,000 times";
  if (factor < 0.001) return "less than a thousandth";
  return `×${measured(factor)}`;
}
