/** The controls, in the order of how much they matter. */

import { useIsViewer } from "../../state/permissions";
import { usePage } from "../../state/store";
import { TierName } from "../../ui/TierName";
import * as styles from "./ControlRail.module.css";
import { FinishCard } from "./FinishCard";
import { AdvancedControls } from "./hyperparameters/AdvancedControls";
import { BatchSize } from "./hyperparameters/BatchSize";
import { HiddenUnits } from "./hyperparameters/HiddenUnits";
import { LearningRate } from "./hyperparameters/LearningRate";
import { Momentum } from "./hyperparameters/Momentum";
import { RunButtons } from "./RunButtons";
import { ScheduledChanges } from "./ScheduledChanges";

export function ControlRail() {
  return (
    <aside className="rail" aria-label="Controls">
      <Controls buttons />
    </aside>
  );
}

/** `buttons`: with pause and stop on top, and the result; a phone has them elsewhere already. */
export function Controls({ buttons }: { buttons: boolean }) {
  const run = usePage((page) => page.open?.run ?? null);
  const task = usePage((page) => page.tasks.find((task) => task.name === page.open?.run.task) ?? null);
  const isViewer = useIsViewer();
  if (!run) return null;
  return (
    <>
      {buttons && !isViewer ? <RunButtons run={run} /> : null}
      {isViewer ? (
        <p className={`panel ${styles.railNote} muted`}>
          View only. Sign in with the owner link to make changes.
        </p>
      ) : null}
      {buttons ? <FinishCard run={run} /> : null}
      {!isViewer && (run.status === "failed" || run.status === "lost") ? (
        <p className={`panel ${styles.railNote} muted`}>
          This run is over. To change something, continue it or fork a checkpoint.
        </p>
      ) : null}
      <ScheduledChanges run={run} />
      <LearningRate run={run} />
      <div className="panel tier" aria-label="Tier 2" role="group">
        <TierName tier={2} />
        <Momentum run={run} task={task} />
        <BatchSize run={run} task={task} />
        <HiddenUnits run={run} task={task} />
      </div>
      <AdvancedControls run={run} task={task} />
    </>
  );
}
