/** The controls that a thumb reaches on a narrow screen; the rest is behind More. */

import type { Hyperparameter, Run, RunEvent } from "../../api/types";
import { isFactorOnGroups, mainRates } from "../../domain/declaration";
import { rateOf } from "../../domain/hyperparameters/learningRate";
import { valueInForce } from "../../domain/hyperparameters/override";
import { valueText } from "../../format/hyperparameters";
import { setting } from "../../format/numbers";
import { useDeclared } from "../../state/declared";
import { openDialog, useDialog } from "../../state/dialogs";
import { useIsViewer } from "../../state/permissions";
import { usePage } from "../../state/store";
import { Dialog } from "../../ui/dialog/Dialog";
import { Icon } from "../../ui/Icon";
import * as styles from "./BottomBar.module.css";
import { Controls } from "./ControlRail";
import { NudgeButton } from "./hyperparameters/NudgeButton";
import { Primary, RunButtons } from "./RunButtons";
import { useScriptEvents } from "./script/useScriptEvents";

/** Of the one learning rate, or of as many as there are; null: the script has none to set. */
function rateText(run: Run, declared: Hyperparameter[], events: RunEvent[]): string | null {
  const rates = mainRates(declared);
  if (rates.length === 0) return null;
  const texts = rates.map(({ name }) => {
    const now = valueInForce(name, run, events);
    return `${isFactorOnGroups(name, declared) ? "× " : ""}${valueText(name, now)}`;
  });
  return [...new Set(texts)].join(" · ");
}

export function BottomBar() {
  const run = usePage((page) => page.open?.run ?? null);
  const dialog = useDialog();
  const isViewer = useIsViewer();
  const declared = useDeclared();
  const events = useScriptEvents();
  if (!run) return null;
  const rate = run.script ? rateText(run, declared, events) : setting(rateOf(run).now);
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
      <div className="row" data-coach="rate" hidden={rate === null}>
        <span className={`${styles.barRate} numbers`} data-part="rate">
          <span className="muted">lr</span> <b>{rate}</b>
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
