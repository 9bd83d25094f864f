/** Loads something that changes often, without asking faster than the server answers. */

/** After an answer, the next request waits this many times as long as the answer took. */
const PATIENCE = 4;

export interface Paced {
  /** Loads now, or after the pause that is under way. */
  request: () => void;
  stop: () => void;
}

export function paced(load: () => Promise<void>, msMin: number): Paced {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let busy = false;
  let requested = false;
  let stopped = false;

  const start = async () => {
    busy = true;
    requested = false;
    const began = performance.now();
    await load().catch(() => undefined); // the next change asks again
    if (stopped) return;
    timer = setTimeout(next, Math.max(msMin, PATIENCE * (performance.now() - began)));
  };
  const next = () => {
    busy = false;
    if (requested) void start();
  };
  return {
    request: () => {
      requested = true;
      if (!busy) next();
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
