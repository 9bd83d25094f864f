/** The width of the network. A running one cannot change it; a fork can. */
import type { Run, Task } from "../../api/types";
import { whole } from "../../format/numbers";
import { ForkOnly } from "./ForkOnly";

export function HiddenUnits({ run, task }: { run: Run; task: Task | null }) {
  const declared = task?.hyperparameters.find((hyperparameter) => hyperparameter.name === "hidden_units");
  if (!declared || run.values["hidden_units"] === undefined) return null;
  return (
    <div className="control">
      <div className="control-head">
        <h3>
          Hidden units <span className="badge">fork only</span>
        </h3>
        <output className="now numbers">{whole(Number(run.values["hidden_units"]))}</output>
      </div>
      <ForkOnly run={run} declared={declared} />
    </div>
  );
}
