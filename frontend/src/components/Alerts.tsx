/** What went wrong with the training, said at once, with the way out. */
import type { RunEvent } from "../api/types";
import { openDialog } from "../state/dialogs";
import { TrialLine } from "../caviar/TrialLine";
import { breaks } from "../state/curves";
import { reasonText } from "../state/journal";
import { rateOf } from "../state/rates";
import * as steer from "../state/steer";
import { usePage, usePageCalmly } from "../state/store";
import { useWatching } from "../state/watching";
import { setting, whole } from "../text/numbers";
import { Icon } from "./Icon";

export function Alerts() {
  const run = usePage((page) => page.open?.run);
  const connection = usePage((page) => page.connection);
  const guarded = run?.status === "paused" && run.reason !== null && run.reason !== "user";
  const failed = run?.status === "failed" || run?.status === "lost";
  return (
    <div className="alerts">
      <TrialLine />
      <div role="alert" aria-label="Alerts">
        {guarded ? <Guarded /> : null}
        {failed ? <Failed /> : null}
      </div>
      {connection === "reconnecting" ? (
        <p className="alert alert-busy">
          <Icon name="warn" /> Connection lost. Training goes on; reconnecting…
        </p>
      ) : null}
    </div>
  );
}

function Guarded() {
  const open = usePageCalmly((page) => page.open);
  const watching = useWatching();
  if (!open) return null;
  const { run } = open;
  if (run.reason !== "guard") {
    return (
      <p className="alert alert-busy">
        <Icon name="pause" /> Training paused at step {whole(run.step)}: {reasonText(run.reason ?? "")}.
        {watching ? null : (
          <button type="button" className="button" onClick={() => steer.resume(run)}>
            Go on
          </button>
        )}
      </p>
    );
  }
  const tripped = open.events.findLast((event) => event.kind === "guard_tripped");
  const cost = open.curves.raw["train/cost"];
  const bad = (cost && breaks(cost).at(-1)?.at) ?? tripped?.step ?? run.step;
  const good = open.checkpoints.findLast((one) => one.valid && !one.removed && one.step < bad && one.val_cost !== "NaN");
  const rate = rateBefore(open.events) ?? rateOf(run).base / 10;
  return (
    <p className="alert alert-bad">
      <Icon name="warn" />
      <span>
        Training paused at step {whole(run.step)}: the cost became {String(tripped?.value ?? "NaN")}. Weights are bad now
        {good ? `; checkpoint ${whole(good.step)} is fine.` : "."}
      </span>
      {good && !watching ? (
        <button
          type="button"
          className="button"
          onClick={() => void steer.rewind(run, good.id, { learning_rate: rate })}
        >
          Rewind and use lr {setting(rate)}
        </button>
      ) : null}
    </p>
  );
}

/** What the learning rate was before somebody last raised it: it worked then. */
function rateBefore(events: RunEvent[]): number | null {
  const raise = events.findLast((event) => {
    const [from, to] = [event.before?.["learning_rate"], event.after?.["learning_rate"]];
    return event.kind === "changed" && typeof from === "number" && typeof to === "number" && to > from;
  });
  return (raise?.before?.["learning_rate"] as number | undefined) ?? null;
}

function Failed() {
  const open = usePageCalmly((page) => page.open);
  const watching = useWatching();
  if (!open) return null;
  const { run, checkpoints } = open;
  const last = checkpoints.findLast((one) => one.valid && !one.removed);
  return (
    <div className="alert alert-bad">
      <Icon name="warn" />
      <div>
        <p>
          {run.status === "lost" ? "The training process ended without a word" : "The task raised an error"} at step{" "}
          {whole(run.step)}. All points up to there are kept.{last ? ` Last checkpoint: step ${whole(last.step)}.` : ""}
        </p>
        {run.error ? (
          <details>
            <summary>{run.reason ?? "Traceback"}</summary>
            <pre>{run.error}</pre>
          </details>
        ) : run.reason ? (
          <p className="muted">{run.reason}</p>
        ) : null}
      </div>
      {last && !watching ? (
        <button type="button" className="button" onClick={() => openDialog({ kind: "fork", checkpoint: last })}>
          Restart from {whole(last.step)}
        </button>
      ) : null}
    </div>
  );
}
