/** The mini-batch size: powers of two that the training set allows. */
import { useState } from "react";
import { fromWireNumber } from "../../api/number";
import type { Run, Task } from "../../api/types";
import { whole } from "../../format/numbers";
import { change } from "../../state/commands";
import { useStagedValue } from "./useStagedValue";

export function BatchSize({ run, task }: { run: Run; task: Task | null }) {
  const current = Number(run.values["batch_size"] ?? 0);
  const staged = useStagedValue(current);
  const [now, setNow] = useState(false);
  if (run.values["batch_size"] === undefined) return null;
  const declared = task?.hyperparameters.find((hyperparameter) => hyperparameter.name === "batch_size");
  const high = Math.min(
    fromWireNumber(declared?.high ?? 1024),
    run.train_size ?? task?.train_size ?? 1024,
    4096,
  );
  const may = run.allowed.includes("set");
  const left = stepsLeft(run);
  return (
    <div className="control">
      <div className="control-head">
        <h3>
          Mini-batch size <span className="badge">next epoch</span>
        </h3>
        <output className="now numbers">{whole(current)}</output>
      </div>
      <div className="row">
        <select
          className="select grow numbers"
          aria-label="Batch size"
          value={staged.shown}
          disabled={!may}
          onChange={(event) => staged.stage(Number(event.target.value))}
        >
          {sizes(current, high).map((size) => (
            <option key={size} value={size}>
              {whole(size)} examples
            </option>
          ))}
        </select>
        <button
          type="button"
          className="button primary"
          aria-label="Apply batch size"
          aria-disabled={staged.staged === null || !may}
          onClick={() => {
            if (staged.staged === null || !may) return;
            void change(run, { kind: "set", values: { batch_size: staged.staged }, batch_now: now });
            staged.reset();
          }}
        >
          Apply
        </button>
      </div>
      {staged.staged !== null ? (
        <>
          <label className="check">
            <input type="checkbox" checked={now} onChange={(event) => setNow(event.target.checked)} />
            Now, not from the next epoch{left === null ? "" : ` (in ${whole(left)} steps)`}
          </label>
          <p className="preview">
            {staged.staged > current ? "Calmer" : "Noisier"} gradients. With SGD the learning rate usually
            moves along: ×{Number((staged.staged / current).toPrecision(3))}.
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
