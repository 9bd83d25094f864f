/** The mini-batch size: powers of two that the training set allows. */
import { useState } from "react";
import { fromWireNumber } from "../../../api/number";
import type { Hyperparameter, Run } from "../../../api/types";
import { whole } from "../../../format/numbers";
import { ApplyButton, ControlHead, StagedSelect } from "../staged/StagedControl";
import { useStagedControl } from "../staged/useStagedControl";

/** The largest size that is offered. */
const SIZE_MAX = 4096;

export function BatchSize({ run, declared: all }: { run: Run; declared: Hyperparameter[] }) {
  const current = Number(run.values["batch_size"] ?? 0);
  const [now, setNow] = useState(false);
  const control = useStagedControl(run, current, (size) => ({
    values: { batch_size: size },
    batch_now: now,
  }));
  const { staged } = control;
  if (run.values["batch_size"] === undefined) return null;
  const declared = all.find((hyperparameter) => hyperparameter.name === "batch_size");
  const high = Math.min(fromWireNumber(declared?.high ?? 1024), run.train_size ?? SIZE_MAX, SIZE_MAX);
  const left = stepsLeft(run);
  return (
    <div className="control">
      <ControlHead name="Mini-batch size" badge="next epoch" now={whole(current)} />
      <div className="row">
        <StagedSelect
          control={control}
          label="Batch size"
          choices={sizes(current, high)}
          textOf={(size) => `${whole(size)} ${size === 1 ? "example" : "examples"}`}
        />
        <ApplyButton control={control} label="Batch size" />
      </div>
      {staged !== null ? (
        <>
          <label className="check">
            <input type="checkbox" checked={now} onChange={(event) => setNow(event.target.checked)} />
            Apply now, not from the next epoch{left === null ? "" : ` (in ${whole(left)} steps)`}
          </label>
          <p className="preview">
            {staged > current ? "Less" : "More"} noise. With SGD, the learning rate is usually scaled, too: ×
            {Number((staged / current).toPrecision(3))}.
          </p>
        </>
      ) : null}
    </div>
  );
}

function sizes(current: number, high: number): number[] {
  const powers = Array.from({ length: 13 }, (_, i) => 2 ** i).filter((size) => size <= high);
  return [...new Set([...powers, current])].sort((a, b) => a - b);
}

function stepsLeft(run: Run): number | null {
  if (!run.steps_per_epoch || run.epoch === null || run.epoch === undefined) return null;
  return Math.max(0, Math.ceil((1 - (run.epoch % 1)) * run.steps_per_epoch));
}
