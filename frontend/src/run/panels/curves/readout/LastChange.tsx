/** The last change in one line under the cost: what it was, what followed, and the way back. */
import { Glyph } from "../../../../charts/markers/Glyph";
import { changeOf, effectOf } from "../../../../domain/changes/effect";
import { lastChange } from "../../../../domain/changes/undo";
import { markersOf } from "../../../../domain/markers";
import { lastStep } from "../../../../domain/series";
import { fromStepText, lastStepBefore } from "../../../../format/changeTime";
import { measured, whole } from "../../../../format/numbers";
import { useIsViewer } from "../../../../state/permissions";
import type { OpenRun } from "../../../../state/state";
import { usePageThrottled } from "../../../../state/store";
import { UndoMenu } from "../../UndoMenu";
import * as styles from "./LastChange.module.css";

export function LastChange() {
  const open = usePageThrottled((page) => page.open);
  const isViewer = useIsViewer();
  if (!open) return null;
  const mayChange = open.run.allowed.includes("set");
  if (!lastChange(open.events) && !mayChange) return null;
  return (
    <div className={`${styles.last} numbers`} role="group" aria-label="Last change">
      <Words open={open} />
      {isViewer ? null : <UndoMenu label="Take back last change" keyed small />}
    </div>
  );
}

function Words({ open }: { open: OpenRun }) {
  const change = lastChange(open.events);
  if (!change) {
    return (
      <p className="muted">
        No change yet. <kbd>]</kbd> doubles the learning rate.
      </p>
    );
  }
  const marker = markersOf(open.events).find(({ eventId }) => eventId === change.id);
  const step = Math.max(open.run.step, open.curves.lastStep);
  const before = lastStepBefore(change);
  const since = Math.max(0, step - before);
  return (
    <p>
      <span className="muted">Last:</span>{" "}
      <span className={styles.glyph} data-kind={marker?.kind} aria-hidden="true">
        <Glyph kind={marker?.kind ?? "change"} />
      </span>{" "}
      <b>{marker?.text ?? change.summary}</b>{" "}
      <span className="muted">
        {fromStepText(change.effective_step)}{" "}
        <span className={styles.ago}>
          ({whole(since)} {since === 1 ? "step" : "steps"} ago)
        </span>
      </span>{" "}
      <Since open={open} step={before} />
    </p>
  );
}

/** The cost before the change against the cost of the last steps. */
function Since({ open, step }: { open: OpenRun; step: number }) {
  const cost = open.curves.raw["train/cost"];
  const effect = effectOf(cost, step, lastStep(cost));
  if (!effect) return null;
  const change = changeOf(effect);
  return (
    <span>
      <span className="muted">· train</span> {measured(effect.before)} → {measured(effect.after)}
      {change ? (
        <>
          {" "}
          <b className={effect.after < effect.before ? `${styles.change} ${styles.better}` : styles.change}>
            {change}
          </b>
        </>
      ) : null}
    </span>
  );
}
