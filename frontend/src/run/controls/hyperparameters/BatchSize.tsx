/** The mini-batch size: powers of two that the training set allows. */
import { useState } from "react";
import { fromWireNumber } from "../../../api/number";
import type { Hyperparameter, Run, Values } from "../../../api/types";
import { rateOf } from "../../../domain/hyperparameters/learningRate";
import { setting, whole } from "../../../format/numbers";
import { roundFloat } from "../../../format/parseNumber";
import { ApplyButton, ControlHead, StagedSelect } from "../staged/StagedControl";
import { useStagedControl } from "../staged/useStagedControl";

/** The largest size that is offered. */
const SIZE_MAX = 4096;

export function BatchSize({ run, declared: all }: { run: Run; declared: Hyperparameter[] }) {
  const current = Number(run.values["batch_size"] ?? 0);
  const [now, setNow] = useState(false);
  const [scale, setScale] = useState(false);
  const isSgd = run.values["optimizer"] === "sgd";
  const scaled = (size: number): number => roundFloat((rateOf(run).now * size) / current);
  const scales = scale && isSgd;
  const control = useStagedControl(run, current, (size) => {
    const values: Values = { batch_size: size };
    if (scales) values["learning_rate"] = scaled(size);
    return { values, batch_now: now || scales }; // both at the same step
  });
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
            <input
              type="checkbox"
              checked={now || scales}
              disabled={scales}
              onChange={(event) => setNow(event.target.checked)}
            />
            Apply now, not from the next epoch{left === null ? "" : ` (in ${whole(left)} steps)`}
          </label>
          {isSgd ? (
            <label className="check">
              <input type="checkbox" checked={scale} onChange={(event) => setScale(event.target.checked)} />
              Also scale the learning rate ×{Number((staged / current).toPrecision(3))}, to{" "}
              {setting(scaled(staged))} (usual for SGD)
            </label>
          ) : null}
          <p className="preview">{staged > current ? "Less" : "More"} noise.</p>
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
