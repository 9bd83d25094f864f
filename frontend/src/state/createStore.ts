/** A value outside React that components read and that tells its listeners when it changes. */
import { useSyncExternalStore } from "react";

export interface Store<State> {
  get: () => State;
  /** `delayMs`: listeners may be told so much later, once for all changes meanwhile. */
  set: (next: State, delayMs?: number) => void;
  /** Returns what ends the subscription. */
  subscribe: (listener: () => void) => () => void;
  /** Reads a part; the component renders again only when that part changed. */
  use: <Part = State>(select?: (state: State) => Part) => Part;
}

export function createStore<State>(initial: State): Store<State> {
  let state = initial;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const listeners = new Set<() => void>();

  const notify = () => {
    clearTimeout(timer);
    timer = undefined;
    for (const listener of listeners) listener();
  };
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return {
    get: () => state,
    set: (next, delayMs = 0) => {
      if (Object.is(next, state)) return;
      state = next;
      if (delayMs > 0) timer ??= setTimeout(notify, delayMs);
      else notify();
    },
    subscribe,
    use: <Part = State>(select: (state: State) => Part = (whole) => whole as unknown as Part) =>
      useSyncExternalStore(subscribe, () => select(state)),
  };
}
