/** Pointer and keys of a chart of many trials: the nearest is lit, arrows go from one to the next best. */
import type { KeyboardEvent, PointerEvent } from "react";
import type { Trial } from "../api/searches";
import { go, runAddress } from "../state/address";
import { getLit, light, pin } from "./lit";

/** `find` says which trial lies at a place, px from the upper left; `inOrder` is the way of the arrow keys. */
export function useLighting(find: (x: number, y: number) => number | null, inOrder: readonly Trial[]) {
  const at = (event: PointerEvent<HTMLElement>): number | null => {
    const box = event.currentTarget.getBoundingClientRect();
    return find(event.clientX - box.left, event.clientY - box.top);
  };
  const step = (by: number): void => {
    const now = inOrder.findIndex((trial) => trial.number === getLit());
    const next = inOrder[now < 0 ? 0 : Math.min(inOrder.length - 1, Math.max(0, now + by))];
    if (next) light(next.number);
  };
  return {
    onPointerMove: (event: PointerEvent<HTMLElement>) => {
      if (event.pointerType !== "touch") light(at(event));
    },
    onPointerLeave: () => light(null),
    onClick: (event: React.MouseEvent<HTMLElement>) => pin(at(event as unknown as PointerEvent<HTMLElement>)),
    onBlur: () => light(null),
    onKeyDown: (event: KeyboardEvent<HTMLElement>) => {
      if (event.target !== event.currentTarget) return; // a button inside has its own keys
      if (event.key === "ArrowDown" || event.key === "ArrowRight") step(1);
      else if (event.key === "ArrowUp" || event.key === "ArrowLeft") step(-1);
      else if (event.key === "Enter") {
        const lit = inOrder.find((trial) => trial.number === getLit());
        if (lit && lit.run_id !== null) go(runAddress(lit.run_id));
      } else if (event.key === "Escape") light(null);
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
  };
}
