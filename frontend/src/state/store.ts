/** The one store of the page, and how components read it. */
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { reduce } from "./reducer";
import type { Message, PageState } from "./state";
import { initialState } from "./state";

/** Points come ten times a second; no one can read that fast. Listeners are notified at most this often, ms. */
const POINTS_MS = 100;

let state: PageState = initialState();
let notifyTimer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

export const getPage = (): PageState => state;

export function dispatch(message: Message): void {
  const next = reduce(state, message);
  if (next === state) return;
  state = next;
  if (message.type === "points") notifyTimer ??= setTimeout(notify, POINTS_MS);
  else notify();
}

function notify(): void {
  clearTimeout(notifyTimer);
  notifyTimer = undefined;
  for (const listener of listeners) listener();
}

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A component that shows running numbers renders again at most this often, ms. */
const THROTTLE_MS = 250;

/** Reads a part that moves all the time, at most four times a second. */
export function usePageThrottled<Part>(select: (page: PageState) => Part): Part {
  const [part, setPart] = useState(() => select(state));
  const latest = useRef(select);
  latest.current = select;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const listener = () => {
      timer = undefined;
      setPart(latest.current(state));
    };
    listener();
    const stop = subscribe(() => {
      timer ??= setTimeout(listener, THROTTLE_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, []);
  return part;
}

/** Reads a part of the state; the component renders again only when that part changed. */
export function usePage<Part>(select: (page: PageState) => Part): Part {
  return useSyncExternalStore(subscribe, () => select(state));
}
