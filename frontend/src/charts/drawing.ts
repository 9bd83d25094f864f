/** What a chart is made of when it is drawn, and what it is made from. */
import type { Series } from "../domain/series";
import type { OpenRun, View } from "../state/state";
import type { Axis } from "./axis";
import type { Tail } from "./branches/tails";
import type { Box, Frame } from "./geometry";
import type { Viewport } from "./lines";
import type { Palette } from "./palette";

export interface Label {
  text: string;
  value: number;
  colour: string;
}

export interface Drawing {
  traces: object[];
  frame: Frame;
  axis: Axis;
  labels: Label[];
  /** The newest value of the main curve. */
  newest: number | null;
  /** The ends of other branches. */
  tails: Tail[];
  /** How many recorded values stand behind the main curve. */
  points: number;
  above: number;
  zeros: number;
  yaxis: object;
  summary: string;
}

export interface Scene {
  open: OpenRun;
  view: View;
  viewport: Viewport;
  box: Box;
  colours: Palette;
  x: [number, number];
}

export const nth = (colours: string[], i: number): string => colours[i % colours.length] as string;

export function lastFinite(series: Series, to = Infinity): number | null {
  for (let i = series.value.length - 1; i >= 0; i--) {
    const value = series.value[i] as number;
    if (Number.isFinite(value) && (series.step[i] as number) <= to) return value;
  }
  return null;
}
