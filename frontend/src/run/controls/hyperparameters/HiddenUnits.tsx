/** The width of the network. A running one cannot change it; a fork can. */
import type { Hyperparameter, Run } from "../../../api/types";
import { whole } from "../../../format/numbers";
import { ControlHead } from "../staged/StagedControl";
import { ForkOnly } from "./ForkOnly";

export function HiddenUnits({ run, declared: all }: { run: Run; declared: Hyperparameter[] }) {
  const declared = all.find((hyperparameter) => hyperparameter.name === "hidden_units");
  if (!declared || run.values["hidden_units"] === undefined) return null;
  return (
    <div className="control">
      <ControlHead name="Hidden units" badge="fork only" now={whole(Number(run.values["hidden_units"]))} />
      <ForkOnly run={run} declared={declared} />
    </div>
  );
}
