/** What the browser tests may look at: how far the page is, and what its charts hold. */

import { allMarkers } from "../domain/markers";
import { getPage, subscribe } from "../state/store";
import type { ChartName } from "./compose";
import type { Drawing } from "./drawing";

interface Probe {
  lastSeq: number;
  step: number;
  charts: Record<string, { points: number; markers: number }>;
}

declare global {
  interface Window {
    __babysit: Probe;
  }
}

const probe: Probe = { lastSeq: 0, step: 0, charts: {} };

export function startProbe(): void {
  window.__babysit = probe;
  let before = getPage().open;
  subscribe(() => {
    const open = getPage().open;
    probe.lastSeq = open?.lastEventId ?? 0;
    probe.step = open ? Math.max(open.run.step, open.curves.lastStep) : 0;
    const moved =
      open?.events !== before?.events ||
      open?.inherited !== before?.inherited ||
      open?.family !== before?.family;
    if (open && moved) {
      // Marks are drawn with the events, above the lines: they do not wait for a redraw.
      const markers = allMarkers(open).length;
      for (const chart of Object.values(probe.charts)) chart.markers = markers;
    }
    before = open;
  });
}

/** Called after each draw of a chart. */
export function report(name: ChartName, drawing: Drawing | null): void {
  const open = getPage().open;
  const markers = open ? allMarkers(open).length : 0;
  probe.charts[name] = { points: drawing?.points ?? 0, markers };
}
