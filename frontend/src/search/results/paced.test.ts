/** The newest state is loaded in the end, and never faster than it is answered. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { paced } from "./paced";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Counts the loads; each takes `ms`. */
function counted(ms: number) {
  const loads = { count: 0 };
  const load = async () => {
    loads.count++;
    await new Promise((act) => setTimeout(act, ms));
  };
  return { loads, load };
}

test("requests during a load are answered by one more, after a pause", async () => {
  const { loads, load } = counted(10);
  const curves = paced(load, 500);

  for (let i = 0; i < 20; i++) curves.request();
  await vi.advanceTimersByTimeAsync(505);
  expect(loads.count).toBe(1);
  await vi.advanceTimersByTimeAsync(10_000);

  expect(loads.count).toBe(2);
});

test("a slow answer makes the pause longer", async () => {
  const { loads, load } = counted(1000);
  const curves = paced(load, 500);

  curves.request();
  curves.request();
  await vi.advanceTimersByTimeAsync(4990);
  expect(loads.count).toBe(1);
  await vi.advanceTimersByTimeAsync(20);

  expect(loads.count).toBe(2);
});

test("a load that failed does not stop the next one", async () => {
  let loads = 0;
  const curves = paced(() => Promise.reject(new Error(String(++loads))), 500);

  curves.request();
  await vi.advanceTimersByTimeAsync(600);
  curves.request();

  expect(loads).toBe(2);
});

test("nothing is loaded after the end", async () => {
  const { loads, load } = counted(10);
  const curves = paced(load, 500);

  curves.request();
  curves.request();
  curves.stop();
  await vi.advanceTimersByTimeAsync(10_000);

  expect(loads.count).toBe(1);
});
