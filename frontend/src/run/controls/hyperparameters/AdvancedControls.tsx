/** What rarely matters, folded away: built from the declarations, so a task's own appear here too. */
import type { Hyperparameter, Run } from "../../../api/types";
import { applies } from "../../../domain/hyperparameters/hyperparameters";
import { valueText } from "../../../format/hyperparameters";
import { TierName } from "../../../ui/TierName";
import { Disclosure } from "../Disclosure";
import { ControlHead, symbolOf } from "../staged/StagedControl";
import { ForkOnly } from "./ForkOnly";
import { HyperparameterControl } from "./HyperparameterControl";

/** Controls of their own, whatever tier a task puts them in. */
const OWN_CONTROLS = ["learning_rate", "momentum", "batch_size", "hidden_units"];

export function AdvancedControls({ run, declared: all }: { run: Run; declared: Hyperparameter[] }) {
  const declared = all.filter(
    (hyperparameter) => !OWN_CONTROLS.includes(hyperparameter.name) && applies(hyperparameter, run),
  );
  if (declared.length === 0) return null;
  return (
    <div className="panel tier">
      <Disclosure
        label="Tier 3 settings"
        name={<TierName tier={3} />}
        hint="decay, Adam, clip, dropout, layers"
      >
        {() =>
          declared.map((hyperparameter) => (
            <Declared key={hyperparameter.name} run={run} declared={hyperparameter} />
          ))
        }
      </Disclosure>
    </div>
  );
}

function Declared({ run, declared }: { run: Run; declared: Hyperparameter }) {
  const badge = { live: "live", next_epoch: "next epoch", fork: "fork only" }[declared.when];
  return (
    <div className="control" role="group" aria-label={declared.label}>
      <ControlHead
        name={declared.label}
        symbol={symbolOf(declared)}
        badge={badge}
        help={declared.help}
        now={valueText(declared.name, run.values[declared.name])}
      />
      {declared.when === "fork" ? (
        <ForkOnly run={run} declared={declared} />
      ) : (
        <HyperparameterControl run={run} declared={declared} />
      )}
    </div>
  );
}
