/** The one state of the page, and how components read it. */
import { useEffect, useRef, useState } from "react";
import { createStore } from "./createStore";
import { reduce } from "./reducer";
import type { Message, PageState } from "./state";
import { initialState } from "./state";

/** Points come ten times a second; no one can read that fast. Listeners are notified at most this often, ms. */
const POINTS_MS = 100;

const store = createStore<PageState>(initialState());

export const getPage = store.get;
export const subscribe = store.subscribe;
/** Reads a part of the state; the component renders again only when that part changed. */
export const usePage: <Part>(select: (page: PageState) => Part) => Part = store.use;

export function dispatch(message: Message): void {
  store.set(reduce(store.get(), message), message.type === "points" ? POINTS_MS : 0);
}

/** A component that shows running numbers renders again at most this often, ms. */
const THROTTLE_MS = 250;

/** Reads a part that moves all the time, at most four times a second. */
export function usePageThrottled<Part>(select: (page: PageState) => Part): Part {
  const [part, setPart] = useState(() => select(getPage()));
  const latest = useRef(select);
  latest.current = select;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const listener = () => {
      timer = undefined;
      setPart(latest.current(getPage()));
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
