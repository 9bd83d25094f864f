/** Where a value stands on a chart, in pixels. Plotly gets the same numbers, so both always agree. */

export interface Box {
  width: number;
  height: number;
  left: number; // margins, px
  right: number;
  top: number;
  bottom: number;
}

export interface Frame {
  box: Box;
  /** Both in the unit of the horizontal axis. */
  x: [number, number];
  /** On a log axis the exponents. */
  y: [number, number];
  log: boolean;
}

export const plotWidth = (box: Box): number => Math.max(1, box.width - box.left - box.right);
export const plotHeight = (box: Box): number => Math.max(1, box.height - box.top - box.bottom);

export const xToPx = (frame: Frame, x: number): number =>
  frame.box.left + ((x - frame.x[0]) / (frame.x[1] - frame.x[0])) * plotWidth(frame.box);

export const pxToX = (frame: Frame, px: number): number =>
  frame.x[0] + ((px - frame.box.left) / plotWidth(frame.box)) * (frame.x[1] - frame.x[0]);

export function yToPx(frame: Frame, y: number): number {
  const at = frame.log ? Math.log10(y) : y;
  return frame.box.top + (1 - (at - frame.y[0]) / (frame.y[1] - frame.y[0])) * plotHeight(frame.box);
}

/** Moves labels down or up so that none lies on another; their order stays. */
export function spread(ys: number[], height: number, top: number, bottom: number): number[] {
  const order = ys.map((_, i) => i).sort((a, b) => (ys[a] as number) - (ys[b] as number));
  const placed = [...ys];
  let least = top;
  for (const i of order) {
    placed[i] = Math.max(placed[i] as number, least);
    least = (placed[i] as number) + height;
  }
  let most = bottom;
  for (const i of order.reverse()) {
    placed[i] = Math.min(placed[i] as number, most);
    most = (placed[i] as number) - height;
  }
  return placed;
}

export interface Robust {
  range: [number, number];
  above: number;
}

/**
 * The range that shows the curves: from the least value to the 99.5th percentile when the greatest
 * values would squash everything else, else to the greatest.
 */
export function robustRange(values: number[], everything: boolean): Robust {
  const sorted = Float64Array.from(values.filter(Number.isFinite)).sort();
  if (sorted.length === 0) return { range: [0, 1], above: 0 };
  const at = (part: number): number => sorted[Math.round(part * (sorted.length - 1))] as number;
  const [low, usual, high] = [at(0), at(0.995), at(1)];
  const spanUsual = Math.max(usual - low, 1e-12);
  const cut = !everything && sorted.length > 50 && high - usual > 0.6 * spanUsual;
  const top = cut ? usual : high;
  const span = top - low || Math.abs(top) * 0.1 || 1;
  const range: [number, number] = [low - span * 0.04, top + span * (cut ? 0.12 : 0.06)];
  return { range, above: cut ? sorted.filter((value) => value > range[1]).length : 0 };
}
