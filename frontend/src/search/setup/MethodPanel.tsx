/** How the search goes about it, how long that takes, and the button that begins it. */

import type { Preview, StopEarly } from "../../api/searches";
import { duration, whole } from "../../format/numbers";
import { ActionButton } from "../../ui/ActionButton";
import { TextField } from "../../ui/fields/TextField";
import { Icon } from "../../ui/Icon";
import { METHODS } from "../trials";
import * as styles from "./MethodPanel.module.css";
import type { Method } from "./method";

export interface MethodPanelProps {
  method: Method;
  problems: Record<string, string>;
  preview: Preview | null;
  /** Of a whole grid. */
  cells: number;
  sending: boolean;
  failed: string | null;
  fromCheckpoint: boolean;
  objective: React.ReactNode;
  onMethod: (method: Method) => void;
  onStart: () => void;
}

export function MethodPanel(props: MethodPanelProps) {
  const { method, problems, preview, onMethod } = props;
  const set = (change: Partial<Method>) => onMethod({ ...method, ...change });
  const { cells } = props;
  const tooMany = method.strategy === "grid" && cells > Number(method.trials);
  return (
    <section className={`panel ${styles.method}`} aria-labelledby="method">
      <h2 id="method">Method</h2>
      <div className="choices" role="radiogroup" aria-labelledby="method">
        {METHODS.map(({ id, word, help }) => (
          <label key={id} className={id === method.strategy ? "choice chosen" : "choice"}>
            <input
              type="radio"
              name="method"
              aria-label={word}
              checked={id === method.strategy}
              onChange={() => set({ strategy: id })}
            />
            <span>
              <b>{word}</b>
              <span className="muted small-text">{help}</span>
            </span>
          </label>
        ))}
      </div>
      <div className="form-grid two">
        <TextField
          label="Trials"
          number
          value={method.trials}
          problem={problems["trials"]}
          onText={(trials) => set({ trials })}
        />
        <TextField
          label="Steps"
          number
          value={method.steps}
          problem={problems["steps"]}
          help={props.fromCheckpoint ? "Total steps, including those of the checkpoint." : undefined}
          onText={(steps) => set({ steps })}
        />
        <TextField
          label="At a time"
          number
          value={method.parallel}
          problem={problems["parallel"]}
          placeholder={preview ? String(preview.estimate.parallel) : undefined}
          onText={(parallel) => set({ parallel })}
        />
        <TextField
          label="Seed"
          number
          value={method.seed}
          problem={problems["seed"]}
          onText={(seed) => set({ seed })}
        />
      </div>
      {preview?.warnings
        .filter((warning) => warning.name === "")
        .map((warning) => (
          <p key={warning.message} className={styles.methodNote} role="status">
            {warning.message}
          </p>
        ))}
      {tooMany ? (
        <p className={styles.methodNote}>
          This grid has {whole(cells)} cells, each a training. Take fewer points, or{" "}
          <button type="button" className="button link" onClick={() => set({ trials: String(cells) })}>
            allow {whole(cells)} trials
          </button>
        </p>
      ) : null}
      {method.strategy === "coarse_to_fine" ? (
        <div className={styles.rule} role="group" aria-label="Rule">
          <p>Rule: {ruleText(method)}</p>
          <div className={`form-grid ${styles.three}`}>
            <TextField
              label="Rounds"
              number
              value={method.rounds}
              problem={problems["rounds"]}
              onText={(rounds) => set({ rounds })}
            />
            <TextField
              label="Best kept"
              number
              value={method.keep}
              problem={problems["keep"]}
              onText={(keep) => set({ keep })}
            />
            <TextField
              label="Times as wide"
              number
              value={method.widen}
              problem={problems["widen"]}
              onText={(widen) => set({ widen })}
            />
          </div>
        </div>
      ) : null}
      {props.objective}
      <label className="form-field">
        <span className="field-name">Early stopping</span>
        <select
          className="select"
          aria-label="Early stopping"
          value={method.stopEarly}
          onChange={(event) => set({ stopEarly: event.target.value as StopEarly | "" })}
        >
          <option value="">Off: every trial runs to its end</option>
          <option value="median">Median: worse than half of the finished ones</option>
          <option value="successive_halving">Successive halving</option>
        </select>
      </label>
      <details className={styles.methodMore}>
        <summary>Name and description</summary>
        <TextField
          label="Name"
          value={method.name}
          problem={problems["name"]}
          help="Leave empty for an automatic name."
          onText={(name) => set({ name })}
        />
        <TextField
          label="Description"
          value={method.note}
          problem={problems["note"]}
          help="What do you want to find out?"
          onText={(note) => set({ note })}
        />
      </details>
      <Estimate preview={preview} method={method} />
      {props.failed ? (
        <p className="problem" role="alert">
          {props.failed}
        </p>
      ) : null}
      <ActionButton
        icon="play"
        className={`primary ${styles.startSearch}`}
        enabled={!props.sending}
        onPress={props.onStart}
      >
        {props.sending ? "Starting…" : "Start search"}
      </ActionButton>
    </section>
  );
}

function ruleText(method: Method): string {
  const [trials, rounds] = [Number(method.trials), Number(method.rounds)];
  const each = rounds > 0 && trials > 0 ? Math.floor(trials / rounds) : 0;
  return each > 0 ? `${whole(rounds)} rounds of ${whole(each)}${trials % rounds ? " or so" : ""}` : "rounds";
}

function Estimate({ preview, method }: { preview: Preview | null; method: Method }) {
  if (!preview) return null;
  const { one_run_s: oneRunS, total_s: total, parallel, measured_on: measuredOn } = preview.estimate;
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: the name that the page is read by
    <p className={styles.estimate} aria-label="Estimate">
      <Icon name="clock" />
      {total === null || oneRunS === null ? (
        <span>How long this takes is not known: {measuredOn}.</span>
      ) : (
        <span>
          about <b className="numbers">{duration(total)}</b>
          <span className="muted">
            {" "}
            for {method.trials} trials of {oneRunS < 1 ? "under 1 s" : duration(oneRunS)}, {whole(parallel)}{" "}
            at a time, by {measuredOn}
          </span>
        </span>
      )}
    </p>
  );
}
