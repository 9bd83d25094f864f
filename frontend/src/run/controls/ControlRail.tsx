/** The controls, in the order of how much they matter. */

import type { Hyperparameter, Run } from "../../api/types";
import { useDeclared } from "../../state/declared";
import { useIsViewer } from "../../state/permissions";
import { usePage } from "../../state/store";
import { TierName } from "../../ui/TierName";
import * as styles from "./ControlRail.module.css";
import { AdviceCard } from "./cards/AdviceCard";
import { FinishCard } from "./cards/FinishCard";
import { AdvancedControls } from "./hyperparameters/AdvancedControls";
import { BatchSize } from "./hyperparameters/BatchSize";
import { HiddenUnits } from "./hyperparameters/HiddenUnits";
import { LearningRate } from "./hyperparameters/LearningRate";
import { Momentum } from "./hyperparameters/Momentum";
import { RunButtons } from "./RunButtons";
import { ScheduledChanges } from "./ScheduledChanges";
import { ScriptControls } from "./script/ScriptControls";

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
  const declared = useDeclared();
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
      {run.script && buttons ? <AdviceCard /> : null}
      {run.script ? (
        <ScriptControls run={run} />
      ) : (
        <TaskControls run={run} declared={declared} buttons={buttons} />
      )}
    </>
  );
}

interface TaskControlsProps {
  run: Run;
  declared: Hyperparameter[];
  buttons: boolean;
}

/** Advice stands below the learning rate: when it comes, what is pressed most does not move. */
function TaskControls({ run, declared, buttons }: TaskControlsProps) {
  return (
    <>
      <LearningRate run={run} />
      {buttons ? <AdviceCard /> : null}
      <div className="panel tier" aria-label="Tier 2" role="group">
        <TierName tier={2} />
        <Momentum run={run} declared={declared} />
        <BatchSize run={run} declared={declared} />
        <HiddenUnits run={run} declared={declared} />
      </div>
      <AdvancedControls run={run} declared={declared} />
    </>
  );
}
