/** The controls that a thumb reaches on a narrow screen; the rest is behind More. */

import { rateOf } from "../../domain/learningRate";
import { setting } from "../../format/numbers";
import { openDialog, useDialog } from "../../state/dialogs";
import { useIsViewer } from "../../state/permissions";
import { usePage } from "../../state/store";
import { Dialog } from "../../ui/dialog/Dialog";
import { Icon } from "../../ui/Icon";
import * as styles from "./BottomBar.module.css";
import { Controls } from "./ControlRail";
import { NudgeButton } from "./hyperparameters/NudgeButton";
import { Primary, RunButtons } from "./RunButtons";

export function BottomBar() {
  const run = usePage((page) => page.open?.run ?? null);
  const dialog = useDialog();
  const isViewer = useIsViewer();
  if (!run) return null;
  if (dialog?.kind === "more") {
    return (
      <Dialog title="Controls">
        <div className={`rail ${styles.railSheet}`}>
          {isViewer ? null : <RunButtons run={run} />}
          <Controls buttons={false} />
        </div>
      </Dialog>
    );
  }
  return (
    <div className={styles.bottomBar} role="group" aria-label="Quick controls">
      <div className="row" data-coach="rate">
        <span className={`${styles.barRate} numbers`} data-part="rate">
          <span className="muted">lr</span> <b>{setting(rateOf(run).now)}</b>
        </span>
        <NudgeButton run={run} label="Halve learning rate" word="×½" factor={0.5} />
        <NudgeButton run={run} label="Double learning rate" word="×2" factor={2} />
      </div>
      <div className="row">
        {isViewer ? null : <Primary run={run} />}
        <button
          type="button"
          className="button"
          aria-haspopup="dialog"
          onClick={() => openDialog({ kind: "more" })}
        >
          More <Icon name="more" />
        </button>
      </div>
    </div>
  );
}
