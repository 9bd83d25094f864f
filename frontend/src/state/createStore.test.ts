/** Listeners are told of changes, and of many in a row at most as often as they ask. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createStore } from "./createStore";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function listened(initial: number) {
  const store = createStore(initial);
  const heard: number[] = [];
  const stop = store.subscribe(() => heard.push(store.get()));
  return { store, heard, stop };
}

test("a change is told at once, the same value never", () => {
  const { store, heard, stop } = listened(1);

  store.set(1);
  store.set(2);
  stop();
  store.set(3);

  expect(heard).toEqual([2]);
  expect(store.get()).toBe(3);
});

test("changes that may wait are told together, and a change that may not takes them along", () => {
  const { store, heard } = listened(0);

  store.set(1, 100);
  store.set(2, 100);
  expect(store.get()).toBe(2);
  expect(heard).toEqual([]);
  vi.advanceTimersByTime(100);
  store.set(3, 100);
  store.set(4);
  vi.advanceTimersByTime(1000);

  expect(heard).toEqual([2, 4]);
});
