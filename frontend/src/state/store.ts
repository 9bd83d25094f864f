/** The one store of the page, and how components read it. */
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { Message, PageState } from "./page";
import { initialState } from "./page";
import { reduce } from "./reduce";

/** Points come ten times a second; nobody can read that fast. Readers hear of them at most this often, ms. */
const POINTS_MS = 100;

let state: PageState = initialState();
let telling: ReturnType<typeof setTimeout> | undefined;
const readers = new Set<() => void>();

export const getPage = (): PageState => state;

export function dispatch(message: Message): void {
  const next = reduce(state, message);
  if (next === state) return;
  state = next;
  if (message.type === "points") telling ??= setTimeout(tell, POINTS_MS);
  else tell();
}

function tell(): void {
  clearTimeout(telling);
  telling = undefined;
  for (const read of readers) read();
}

export function subscribe(read: () => void): () => void {
  readers.add(read);
  return () => readers.delete(read);
}

/** A component that shows running numbers renders again at most this often, ms. */
const CALM_MS = 250;

/** Reads a part that moves all the time, at most four times a second. */
export function usePageCalmly<Part>(select: (page: PageState) => Part): Part {
  const [part, setPart] = useState(() => select(state));
  const latest = useRef(select);
  latest.current = select;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = () => {
      timer = undefined;
      setPart(latest.current(state));
    };
    read();
    const stop = subscribe(() => {
      timer ??= setTimeout(read, CALM_MS);
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
