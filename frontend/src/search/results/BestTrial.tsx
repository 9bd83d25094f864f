/** The best trial in one line, whether it can be trusted, and what to do with it. */

import { useState } from "react";
import type { Search } from "../../api/searches";
import { repeatTrial } from "../../api/searches";
import { valueText } from "../../format/hyperparameters";
import { measured } from "../../format/numbers";
import { seriesWord } from "../../format/objective";
import { openDialog } from "../../state/dialogs";
import { runPath } from "../../state/route";
import { toast, toastError } from "../../state/toasts";
import { ActionButton } from "../../ui/ActionButton";
import { Icon } from "../../ui/Icon";
import { Link } from "../../ui/Link";
import type { Axis } from "../axes";
import { textOf } from "../axes";
import { lowerFirst } from "../labels";
import { luckOf, luckText, unrepeated } from "../luck";
import { repeatText } from "../trials";
import * as styles from "./BestTrial.module.css";

const SEEDS = 3;

export interface BestTrialProps {
  search: Search;
  /** Hyperparameters only. */
  axes: Axis[];
  isViewer: boolean;
}

export function BestTrial({ search, axes, isViewer }: BestTrialProps) {
  const best = search.trials.find((trial) => trial.run_id !== null && trial.run_id === search.best_run_id);
  if (!best || best.run_id === null) {
    return (
      <section className={`panel ${styles.bestLine}`} aria-label="Best trial">
        <p className="muted">The best trial stands here as soon as one has finished.</p>
      </section>
    );
  }
  const runId = best.run_id;
  const again = repeatText(search, runId);
  const luck = luckOf(search);
  const doubt = luck ? luckText(luck) : "";
  const edges = search.best_is_at_edge;
  return (
    <section className={`panel ${styles.bestLine}`} aria-label="Best trial">
      <p className={`${styles.bestWords} numbers`}>
        <span className={styles.bestStar} aria-hidden="true">
          ★
        </span>
        <b>
          Best: <Link to={runPath(runId)}>trial {best.number}</Link>
        </b>
        <span className={styles.bestValues}>
          {axes.map((axis) => (
            <span key={axis.name}>
              <span className="muted">{lowerFirst(axis.label)}</span>{" "}
              {valueText(axis.name, best.values[axis.name])}
            </span>
          ))}
        </span>
        <span className={styles.bestCost}>
          <span className="muted">{seriesWord(search.objective)}</span> <b>{measured(best.value)}</b>
          {again !== null ? (
            <>
              <span className="muted">, with other seeds</span> <b>{again}</b>
            </>
          ) : null}
        </span>
      </p>
      {isViewer ? null : (
        <div className="tools">
          <RepeatButton search={search} runId={runId} />
          <button
            type="button"
            className="button"
            onClick={() => openDialog({ kind: "refine", search, widenEdges: false })}
          >
            <Icon name="measure" /> Refine around top {search.keep}
          </button>
          <button
            type="button"
            className={luck && !doubt ? "button primary" : "button"}
            aria-label="Promote winner"
            title={luck ? undefined : "Not repeated with other seeds yet: it may have been lucky"}
            onClick={() =>
              openDialog({
                kind: "promote",
                runId,
                trial: best.number,
                searchId: search.id,
                steps: best.steps,
              })
            }
          >
            <Icon name="out" /> Promote winner
          </button>
        </div>
      )}
      {luck && doubt ? (
        <div className={styles.edgeLine} data-part="luck">
          <Icon name="warn" />
          <p className="grow numbers">
            Trial {best.number}: {measured(best.value)} once, {luck.text}. {doubt}
          </p>
          {isViewer ? null : <RepeatTop search={search} />}
        </div>
      ) : null}
      {edges.length > 0 ? (
        <div className={styles.edgeLine}>
          <Icon name="warn" />
          <ul>
            {edges.map((edge) => {
              const axis = axes.find((axis) => axis.name === edge.name);
              const label = lowerFirst(axis?.label ?? edge.name);
              return (
                <li key={edge.name}>
                  The best {label} is at the {edge.side} edge of its range (
                  {axis ? textOf(axis, edge.value) : String(edge.value)}):{" "}
                  {edge.can_widen ? "better ones may lie beyond." : "the task allows nothing beyond."}
                </li>
              );
            })}
          </ul>
          {isViewer || !edges.some((edge) => edge.can_widen) ? null : (
            <button
              type="button"
              className="button small"
              aria-label="Widen"
              onClick={() => openDialog({ kind: "refine", search, widenEdges: true })}
            >
              Widen…
            </button>
          )}
        </div>
      ) : null}
    </section>
  );
}

const TOP = 5;

/** The best trials are compared by several seeds each. */
function RepeatTop({ search }: { search: Search }) {
  const runs = unrepeated(search, TOP);
  const [isSending, setSending] = useState(false);
  const repeat = async () => {
    setSending(true);
    try {
      for (const runId of runs) await repeatTrial(search.id, SEEDS, runId);
      toast(`Repeating ${runs.length} more of the best ${TOP} trials with ${SEEDS} other seeds each.`);
    } catch (error) {
      toastError(error);
    } finally {
      setSending(false);
    }
  };
  if (runs.length === 0) return null;
  return (
    <ActionButton className="small" enabled={!isSending} onPress={() => void repeat()}>
      Repeat the top {TOP}
    </ActionButton>
  );
}

/** One trial may be lucky. The same values with other seeds say how much of it was. */
function RepeatButton({ search, runId }: { search: Search; runId: number }) {
  const [isSending, setAsked] = useState(false);
  const number = search.trials.find((trial) => trial.run_id === runId)?.number;
  const again = search.trials.filter((trial) => trial.repeat_of === runId || trial.repeat_of === number);
  const busy = isSending || again.some((trial) => trial.outcome === "running" || trial.outcome === "waiting");
  const repeat = async () => {
    setAsked(true);
    try {
      await repeatTrial(search.id, SEEDS, runId);
      toast(`Repeating trial ${number} with ${SEEDS} other seeds.`);
    } catch (error) {
      toastError(error);
    } finally {
      setAsked(false);
    }
  };
  return (
    <ActionButton
      icon="undo"
      label={`Repeat with ${SEEDS} seeds`}
      title="The same values with other seeds: was the best trial good, or lucky?"
      enabled={!busy}
      onPress={() => void repeat()}
    >
      {busy ? "Repeating…" : `Repeat with ${SEEDS} ${again.length > 0 ? "more seeds" : "seeds"}`}
    </ActionButton>
  );
}
