/** Changes that wait for their step, each with the way to withdraw it. */
import type { Run } from "../../api/types";
import { nameOf, valueText } from "../../format/hyperparameters";
import { whole } from "../../format/numbers";
import * as commands from "../../state/commands/commands";
import { useIsViewer } from "../../state/permissions";
import { Icon } from "../../ui/Icon";
import * as styles from "./ScheduledChanges.module.css";

export function ScheduledChanges({ run }: { run: Run }) {
  const isViewer = useIsViewer();
  const scheduled = run.pending.flatMap((change) =>
    change.at_step === null ? [] : { ...change, at_step: change.at_step },
  );
  if (scheduled.length === 0) return null;
  return (
    <div className={`panel ${styles.pending}`} role="group" aria-label="Scheduled changes">
      <p className="tier-name">Scheduled</p>
      <ul>
        {scheduled.map((change) => (
          <li key={change.command_id}>
            <Icon name="clock" />
            <span>
              after step <b className="numbers">{whole(change.at_step)}</b>:{" "}
              {Object.entries(change.values ?? {})
                .map(([name, value]) => `${nameOf(name)} ${valueText(name, value)}`)
                .join(", ")}
            </span>
            {isViewer ? null : (
              <button
                type="button"
                className="button quiet square"
                aria-label={`Cancel the change at step ${whole(change.at_step)}`}
                onClick={() => void commands.cancel(run, change.command_id)}
              >
                <Icon name="close" />
              </button>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
