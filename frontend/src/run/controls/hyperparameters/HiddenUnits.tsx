/** The width of the network. A running one cannot change it; a fork can. */
import type { Run, Task } from "../../../api/types";
import { whole } from "../../../format/numbers";
import { ControlHead } from "../staged/StagedControl";
import { ForkOnly } from "./ForkOnly";

export function HiddenUnits({ run, task }: { run: Run; task: Task | null }) {
  const declared = task?.hyperparameters.find((hyperparameter) => hyperparameter.name === "hidden_units");
  if (!declared || run.values["hidden_units"] === undefined) return null;
  return (
    <div className="control">
      <ControlHead name="Hidden units" badge="fork only" now={whole(Number(run.values["hidden_units"]))} />
      <ForkOnly run={run} declared={declared} />
    </div>
  );
}
