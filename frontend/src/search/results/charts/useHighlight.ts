/** Pointer and keys of a chart of many trials: the nearest is highlighted, arrow keys go to the next best. */
import type { KeyboardEvent, PointerEvent } from "react";
import type { Trial } from "../../../api/searches";
import { navigate, runPath } from "../../../state/route";
import { getHighlighted, setHovered, togglePinned } from "./highlight";

/** `find` says which trial lies at a place, px from the upper left; `inOrder` is the way of the arrow keys. */
export function useHighlight(find: (x: number, y: number) => number | null, inOrder: readonly Trial[]) {
  const at = (event: PointerEvent<HTMLElement>): number | null => {
    const box = event.currentTarget.getBoundingClientRect();
    return find(event.clientX - box.left, event.clientY - box.top);
  };
  const step = (by: number): void => {
    const index = inOrder.findIndex((trial) => trial.number === getHighlighted());
    const next = inOrder[index < 0 ? 0 : Math.min(inOrder.length - 1, Math.max(0, index + by))];
    if (next) setHovered(next.number);
  };
  return {
    onPointerMove: (event: PointerEvent<HTMLElement>) => {
      if (event.pointerType !== "touch") setHovered(at(event));
    },
    onPointerLeave: () => setHovered(null),
    onClick: (event: React.MouseEvent<HTMLElement>) =>
      togglePinned(at(event as unknown as PointerEvent<HTMLElement>)),
    onBlur: () => setHovered(null),
    onKeyDown: (event: KeyboardEvent<HTMLElement>) => {
      if (event.target !== event.currentTarget) return; // a button inside has its own keys
      if (event.key === "ArrowDown" || event.key === "ArrowRight") step(1);
      else if (event.key === "ArrowUp" || event.key === "ArrowLeft") step(-1);
      else if (event.key === "Enter") {
        const trial = inOrder.find((trial) => trial.number === getHighlighted());
        if (trial && trial.run_id !== null) navigate(runPath(trial.run_id));
      } else if (event.key === "Escape") setHovered(null);
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
  };
}
