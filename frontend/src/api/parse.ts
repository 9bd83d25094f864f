/** Runs as the page wants them: measured numbers are numbers, or null where there is none. */
import { fromWireNumber } from "./number";
import type { Run, WireNumber, WireRun } from "./types";

function finite(value: WireNumber | null | undefined): number | null {
  const number = fromWireNumber(value);
  return Number.isFinite(number) ? number : null;
}

export function readRun(wire: WireRun): Run {
  const { effective } = wire;
  return {
    ...wire,
    epoch: finite(wire.epoch),
    steps_per_s: finite(wire.steps_per_s),
    effective: effective && {
      learning_rate: finite(effective.learning_rate),
      momentum: finite(effective.momentum),
      schedule_factor: finite(effective.schedule_factor),
    },
  };
}
