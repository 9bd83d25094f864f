/** What pointer and keys do on a chart: crosshair, pin, zoom, next change. */
import { useRef, useState } from "react";
import { allMarkers } from "../domain/markers";
import { getRoute } from "../state/route";
import { loadDetail, loadShownRange } from "../state/session/loadCurves";
import type { View } from "../state/state";
import { dispatch, getPage } from "../state/store";
import { toStep } from "./axis";
import { visibleSteps } from "./compose";
import type { Drawing } from "./drawing";
import { pxToX } from "./geometry";

/** A shorter drag is a click, px. */
const DRAG_PX_MIN = 6;
const ZOOM_STEPS_MIN = 4;

const setView = (change: Partial<View>): void => dispatch({ type: "view", change });

/** Shows a range of steps, and fetches it at full resolution. */
function zoomTo(from: number, to: number): void {
  if (to - from < ZOOM_STEPS_MIN) return;
  const zoom = { from: Math.max(0, Math.round(from)), to: Math.round(to) };
  setView({ zoom });
  const run = getPage().open?.run.id ?? getRoute().run;
  if (run !== null && run !== undefined) void loadDetail(run, zoom.from, zoom.to);
}

export const jumpToLive = (): void => setView({ zoom: null });

/** Numbers of last steps that can be followed; null: all. The keys 1 to 4 choose them. */
export const FOLLOWED: (number | null)[] = [null, 5000, 1000, 200];

/** Shows the last steps from now on, at full resolution. */
export function follow(steps: number | null): void {
  setView({ follow: steps, zoom: null });
  const run = getPage().open?.run.id;
  if (steps !== null && run !== undefined) void loadShownRange(run);
}

/** Moves the crosshair by whole steps, or to the next change. Returns whether the key was one of ours. */
function handleKey(key: string, shift: boolean): boolean {
  const { open, view: seen } = getPage();
  if (!open) return false;
  const { from, to } = visibleSteps(open, seen);
  const at = seen.pinned ?? to;
  const clamp = (step: number) => Math.min(to, Math.max(from, step));
  switch (key) {
    case "ArrowLeft":
      setView({ pinned: clamp(at - (shift ? 10 : 1)), hover: null });
      return true;
    case "ArrowRight":
      setView({ pinned: clamp(at + (shift ? 10 : 1)), hover: null });
      return true;
    case "Escape":
      setView({ pinned: null, hover: null });
      return true;
    default:
      return false;
  }
}

/** The next (or previous) change becomes the pinned step. */
export function goToMarker(direction: 1 | -1): void {
  const { open, view: seen } = getPage();
  if (!open) return;
  const steps = allMarkers(open).map((marker) => marker.step);
  const at = seen.pinned ?? (direction > 0 ? -1 : Infinity);
  const next = direction > 0 ? steps.find((step) => step > at) : steps.findLast((step) => step < at);
  if (next !== undefined) setView({ pinned: next, hover: null });
}

export interface Gestures {
  selection: { from: number; to: number } | null;
  listeners: React.HTMLAttributes<HTMLDivElement>;
}

export function useGestures(
  container: React.RefObject<HTMLDivElement | null>,
  drawing: Drawing | null,
): Gestures {
  const [selection, setSelection] = useState<Gestures["selection"]>(null);
  const pointers = useRef(new Map<number, number>());
  const pinch = useRef<{ distance: number; from: number; to: number } | null>(null);

  const pxOf = (event: { clientX: number }): number =>
    event.clientX - (container.current?.getBoundingClientRect().left ?? 0);
  const stepOf = (px: number): number => (drawing ? toStep(drawing.axis, pxToX(drawing.frame, px)) : 0);
  const within = (px: number): number => {
    if (!drawing) return px;
    const { left, right, width } = drawing.frame.box;
    return Math.min(width - right, Math.max(left, px));
  };

  const onPointerDown = (event: React.PointerEvent) => {
    if (!drawing || (event.target as HTMLElement).closest("button")) return;
    const px = pxOf(event);
    pointers.current.set(event.pointerId, px);
    if (pointers.current.size === 2) startPinch();
    else if (event.pointerType === "mouse" && event.button === 0)
      setSelection({ from: within(px), to: within(px) });
  };

  const startPinch = () => {
    const { open, view: seen } = getPage();
    const [a, b] = [...pointers.current.values()] as [number, number];
    if (!open) return;
    pinch.current = { distance: Math.max(10, Math.abs(a - b)), ...visibleSteps(open, seen) };
  };

  const onPointerMove = (event: React.PointerEvent) => {
    if (!drawing) return;
    const px = pxOf(event);
    if (pointers.current.has(event.pointerId)) pointers.current.set(event.pointerId, px);
    if (pinch.current && pointers.current.size === 2) {
      movePinch(pinch.current);
      return;
    }
    if (selection) setSelection({ ...selection, to: within(px) });
    const hover = Math.round(stepOf(within(px)));
    if (hover !== getPage().view.hover) setView({ hover });
  };

  const movePinch = (start: { distance: number; from: number; to: number }) => {
    const [a, b] = [...pointers.current.values()] as [number, number];
    const factor = start.distance / Math.max(10, Math.abs(a - b));
    const middle = (start.from + start.to) / 2;
    const half = ((start.to - start.from) / 2) * Math.min(1, factor);
    setView({ zoom: { from: Math.max(0, middle - half), to: middle + half } });
  };

  const onPointerUp = (event: React.PointerEvent) => {
    pointers.current.delete(event.pointerId);
    if (pinch.current) {
      if (pointers.current.size === 0) pinch.current = null;
      const zoom = getPage().view.zoom;
      if (zoom && pointers.current.size === 0) zoomTo(zoom.from, zoom.to);
      return;
    }
    if (!drawing || (event.target as HTMLElement).closest("button")) return;
    const px = pxOf(event);
    const dragged = selection && Math.abs(selection.to - selection.from) >= DRAG_PX_MIN;
    if (dragged) {
      const ends = [stepOf(selection.from), stepOf(selection.to)].sort((a, b) => a - b) as [number, number];
      zoomTo(...ends);
    } else {
      const pinned = Math.round(stepOf(within(px)));
      setView({ pinned: getPage().view.pinned === pinned ? null : pinned });
    }
    setSelection(null);
  };

  const cancel = () => {
    pointers.current.clear();
    pinch.current = null;
    setSelection(null);
    setView({ hover: null });
  };

  return {
    selection,
    listeners: {
      onPointerDown,
      onPointerMove,
      onPointerUp,
      onPointerLeave: cancel,
      onPointerCancel: cancel,
      onDoubleClick: jumpToLive,
      onKeyDown: (event) => {
        if (event.target !== event.currentTarget) return;
        if (handleKey(event.key, event.shiftKey)) event.preventDefault();
      },
    },
  };
}
