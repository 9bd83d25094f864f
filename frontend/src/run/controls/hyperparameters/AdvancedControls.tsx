/** What rarely matters, folded away: built from the declarations, so a task's own appear here too. */

import { useState } from "react";
import type { Hyperparameter, Run, Task } from "../../../api/types";
import { applies } from "../../../domain/hyperparameters";
import { valueText } from "../../../format/hyperparameters";
import { Icon } from "../../../ui/Icon";
import { TierName } from "../../../ui/TierName";
import { ControlHead, symbolOf } from "../staged/StagedControl";
import * as styles from "./AdvancedControls.module.css";
import { ForkOnly } from "./ForkOnly";
import { HyperparameterControl } from "./HyperparameterControl";

/** Controls of their own, whatever tier a task puts them in. */
const OWN_CONTROLS = ["learning_rate", "momentum", "batch_size", "hidden_units"];

export function AdvancedControls({ run, task }: { run: Run; task: Task | null }) {
  const [open, setOpen] = useState(false);
  const declared = (task?.hyperparameters ?? []).filter(
    (hyperparameter) => !OWN_CONTROLS.includes(hyperparameter.name) && applies(hyperparameter, run),
  );
  if (declared.length === 0) return null;
  return (
    <div className="panel tier">
      <button
        type="button"
        className={styles.disclosure}
        aria-label="Tier 3 settings"
        aria-expanded={open}
        aria-controls="tier-3"
        onClick={() => setOpen(!open)}
      >
        <TierName tier={3} />
        <span className="muted small-text" aria-hidden="true">
          decay, Adam, clip, dropout, layers
        </span>
        <span className={open ? `${styles.turn} ${styles.open}` : styles.turn}>
          <Icon name="down" />
        </span>
      </button>
      <div id="tier-3" hidden={!open}>
        {open
          ? declared.map((hyperparameter) => (
              <Declared key={hyperparameter.name} run={run} declared={hyperparameter} />
            ))
          : null}
      </div>
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
