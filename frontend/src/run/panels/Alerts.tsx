/** What went wrong with the training, said at once, with the way out. */
import { logUrl } from "../../api/client";
import { fromWireNumber } from "../../api/number";
import type { Checkpoint, EventOf, RunEvent, Values } from "../../api/types";
import { isFactorOnGroups } from "../../domain/declaration";
import { rateOf } from "../../domain/hyperparameters/learningRate";
import { valueInForce } from "../../domain/hyperparameters/override";
import { reasonText } from "../../domain/journal";
import { breaks } from "../../domain/series";
import { fromStepText } from "../../format/changeTime";
import { setting, whole } from "../../format/numbers";
import { roundFloat } from "../../format/parseNumber";
import * as commands from "../../state/commands/commands";
import { openDialog } from "../../state/dialogs";
import { useIsViewer } from "../../state/permissions";
import type { OpenRun } from "../../state/state";
import { usePage, usePageThrottled } from "../../state/store";
import { Icon } from "../../ui/Icon";
import { TakeUpAgain } from "../controls/script/TakeUpAgain";
import * as styles from "./Alerts.module.css";
import { Placement } from "./Placement";
import { TrialOrigin } from "./TrialOrigin";

export function Alerts() {
  const run = usePage((page) => page.open?.run);
  const guarded = run?.status === "paused" && run.reason !== null && run.reason !== "user";
  const failed = run?.status === "failed" || run?.status === "lost";
  return (
    <div className={styles.alerts}>
      <TrialOrigin />
      <Placement />
      <div role="alert" aria-label="Alerts">
        {guarded ? <GuardAlert /> : null}
        {failed ? <FailureAlert /> : null}
      </div>
    </div>
  );
}

function GuardAlert() {
  const open = usePageThrottled((page) => page.open);
  const isViewer = useIsViewer();
  if (!open) return null;
  const { run } = open;
  if (run.reason !== "guard") {
    return (
      <p className={`${styles.alert} ${styles.alertBusy}`}>
        <Icon name="pause" /> Training paused at step {whole(run.step)}: {reasonText(run.reason ?? "")}.
        {isViewer ? null : (
          <button type="button" className="button" onClick={() => commands.resume(run)}>
            Resume
          </button>
        )}
      </p>
    );
  }
  const tripped = open.events.findLast((event) => event.kind === "guard_tripped");
  const good = goodCheckpoint(open, tripped ?? null);
  const gentler = gentlerRate(open);
  return (
    <p className={`${styles.alert} ${styles.alertBad}`}>
      <Icon name="warn" />
      <span>
        {tripped?.summary ?? `Training paused at step ${whole(run.step)}.`}
        {causeText(open)}
        {good ? ` Checkpoint ${whole(good.step)} is good.` : ""}
      </span>
      {good && !isViewer ? (
        <button
          type="button"
          className="button"
          onClick={() => void commands.rewind(run, good.id, gentler?.values)}
        >
          {gentler ? `Rewind and use lr ${gentler.text}` : "Rewind"}
        </button>
      ) : null}
      {tripped?.rule === "diverged" && !isViewer ? (
        <button type="button" className="button" onClick={() => commands.resume(run)}>
          Continue anyway
        </button>
      ) : null}
    </p>
  );
}

/** A learning rate that was raised a few steps before is the likeliest cause. */
const CAUSE_STEPS = 100;

function causeText({ events, run }: OpenRun): string {
  const last = events.findLast((event) => event.kind === "changed");
  const [from, to] = [last?.before["learning_rate"], last?.after["learning_rate"]];
  if (!last || typeof from !== "number" || typeof to !== "number" || to <= from) return "";
  if (run.step - last.step > CAUSE_STEPS) return "";
  const target = last.values["learning_rate"];
  return ` Likely cause: learning rate raised to ${setting(typeof target === "number" ? target : to)} ${fromStepText(last.effective_step)}.`;
}

/** The newest checkpoint from before it went wrong: where the cost is a number, and not above its start. */
function goodCheckpoint(open: OpenRun, tripped: EventOf<"guard_tripped"> | null): Checkpoint | undefined {
  const cost = open.curves.raw["train/cost"];
  const broken = cost && tripped?.rule === "non_finite" ? breaks(cost).at(-1)?.at : undefined;
  const raised = open.events.findLast((event) => event.kind === "changed" && event.step < open.run.step);
  const bad = broken ?? raised?.step ?? tripped?.step ?? open.run.step;
  const usable = open.checkpoints.filter((checkpoint) => checkpoint.valid && !checkpoint.removed);
  return (
    usable.findLast((checkpoint) => checkpoint.step <= bad && isGood(checkpoint)) ??
    usable.findLast((checkpoint) => checkpoint.step < open.run.step && isGood(checkpoint))
  );
}

const isGood = ({ val_cost: cost }: Checkpoint): boolean =>
  cost === null || Number.isFinite(fromWireNumber(cost));

/** What to go on with: what the learning rate was before it was raised, else a tenth. Null: none to set. */
function gentlerRate({ run, events, inherited }: OpenRun): { values: Values; text: string } | null {
  const before = rateBefore(events);
  const now = run.script ? valueInForce("learning_rate", run, [...inherited, ...events]) : rateOf(run).base;
  const rate = before ?? (typeof now === "number" ? roundFloat(now / 10) : NaN);
  if (!Number.isFinite(rate)) return null;
  const isFactor = isFactorOnGroups("learning_rate", run.declared?.hyperparameters ?? []);
  return { values: { learning_rate: rate }, text: `${isFactor ? "× " : ""}${setting(rate)}` };
}

/** What the learning rate was before it was last raised: it worked then. */
function rateBefore(events: RunEvent[]): number | null {
  for (const event of events.toReversed()) {
    if (event.kind !== "changed") continue;
    const [from, to] = [event.before["learning_rate"], event.after["learning_rate"]];
    if (typeof from === "number" && typeof to === "number" && to > from) return from;
  }
  return null;
}

function FailureAlert() {
  const open = usePageThrottled((page) => page.open);
  const isViewer = useIsViewer();
  if (!open) return null;
  const { run, checkpoints } = open;
  const last = checkpoints.findLast((checkpoint) => checkpoint.valid && !checkpoint.removed);
  return (
    <div className={`${styles.alert} ${styles.alertBad}`}>
      <Icon name="warn" />
      <div>
        <p>
          {run.status === "lost"
            ? "The training process ended unexpectedly"
            : `The ${run.script ? "script" : "task"} raised an error`}{" "}
          at step {whole(run.step)}. All points up to there are kept.
          {last ? ` Last checkpoint: step ${whole(last.step)}.` : ""}
        </p>
        {run.error ? (
          <details>
            <summary>{run.reason ?? "Traceback"}</summary>
            <pre>{run.error}</pre>
          </details>
        ) : run.reason ? (
          <p className="muted">{run.reason}</p>
        ) : null}
        <p>
          <a href={logUrl(run.id)} target="_blank" rel="noreferrer">
            Worker output
          </a>
        </p>
      </div>
      {run.script && run.status === "lost" && !isViewer ? <TakeUpAgain run={run} /> : null}
      {last && !isViewer ? (
        <button
          type="button"
          className="button"
          onClick={() => openDialog({ kind: "fork", checkpoint: last })}
        >
          Restart from {whole(last.step)}
        </button>
      ) : null}
    </div>
  );
}
