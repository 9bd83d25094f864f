/** Changes that wait for their step, each with the way to withdraw it. */
import type { Run } from "../api/types";
import { Icon } from "../components/Icon";
import { nameOf, valueText } from "../charts/markers";
import * as steer from "../state/steer";
import { useWatching } from "../state/watching";
import { whole } from "../text/numbers";

export function Pending({ run }: { run: Run }) {
  const watching = useWatching();
  const waiting = run.pending.flatMap((one) => (one.at_step === null ? [] : { ...one, at_step: one.at_step }));
  if (waiting.length === 0) return null;
  return (
    <div className="panel pending" role="group" aria-label="Scheduled changes">
      <p className="tier-name">Scheduled</p>
      <ul>
        {waiting.map((one) => (
          <li key={one.command_id}>
            <Icon name="clock" />
            <span>
              step <b className="numbers">{whole(one.at_step)}</b>:{" "}
              {Object.entries(one.values ?? {})
                .map(([name, value]) => `${nameOf(name)} ${valueText(name, value)}`)
                .join(", ")}
            </span>
            {watching ? null : (
              <button
                type="button"
                className="button quiet square"
                aria-label={`Cancel the change at step ${whole(one.at_step)}`}
                onClick={() => void steer.cancel(run, one.command_id)}
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
