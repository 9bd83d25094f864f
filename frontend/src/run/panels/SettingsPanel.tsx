/** What this run is made of, and everything that was recorded, to take away. */
import { useState } from "react";
import { editRun, exportUrl, logUrl } from "../../api/client";
import type { Run, RunEvent, Values as ValuesByName } from "../../api/types";
import { stepsOf } from "../../domain/declaration";
import { exactnessText } from "../../domain/exactness";
import { applies } from "../../domain/hyperparameters/hyperparameters";
import { valueInForce } from "../../domain/hyperparameters/override";
import { nameOf, valueText } from "../../format/hyperparameters";
import { duration, whole } from "../../format/numbers";
import { objectiveText } from "../../format/objective";
import { replayText } from "../../format/replay";
import { useDeclared } from "../../state/declared";
import { openDialog } from "../../state/dialogs";
import { useIsViewer } from "../../state/permissions";
import { runPath } from "../../state/route";
import { loadRuns } from "../../state/session/runSession";
import { dispatch, usePage, usePageThrottled } from "../../state/store";
import { toastError } from "../../state/toasts";
import { Icon } from "../../ui/Icon";
import { Link } from "../../ui/Link";
import * as styles from "./SettingsPanel.module.css";
import { ViewerLink } from "./ViewerLink";

export function SettingsPanel() {
  const run = usePageThrottled((page) => page.open?.run ?? null);
  const isViewer = useIsViewer();
  if (!run) return null;
  const steps = stepsOf(run);
  return (
    <section className={`panel ${styles.settings}`} aria-labelledby="settings">
      <div className="panel-head">
        <h2 id="settings">Settings and export</h2>
        <div className="tools">
          {(["csv", "json", "markdown", "html"] as const).map((format) => (
            <a key={format} className="button" href={exportUrl(run.id, format)} download>
              <Icon name="out" /> {format === "markdown" ? "Markdown" : format.toUpperCase()}
            </a>
          ))}
          {run.script && run.parent ? null : <RecipeTools run={run} />}
          {isViewer ? null : <ViewerLink runId={run.id} />}
        </div>
      </div>
      {isViewer ? null : <Name run={run} />}
      <div className={styles.settingsColumns}>
        <dl className={styles.facts}>
          <Fact name={run.script ? "Script" : "Task"}>{run.task}</Fact>
          <Fact name="Seed">{run.seed}</Fact>
          {run.script && !run.declared?.objective ? null : <Fact name="Best">{objectiveText(run)}</Fact>}
          {steps === null ? null : <Fact name="Steps">{whole(steps)}</Fact>}
          {run.train_size ? <Fact name="Training set">{whole(run.train_size)} examples</Fact> : null}
          <Fact name="Created">{new Date(run.created_at).toLocaleString("en-GB")}</Fact>
          {run.started_at ? <Fact name="Took">{took(run)}</Fact> : null}
          {run.parent ? (
            <Fact name="Forked from">
              <Link to={runPath(run.parent.run_id)}>run {run.parent.run_id}</Link> at step{" "}
              {whole(run.parent.step)}
            </Fact>
          ) : null}
          {run.replay_of !== null ? (
            <Fact name="Replay of">
              <Link to={runPath(run.replay_of)}>run {run.replay_of}</Link>
            </Fact>
          ) : null}
          {run.replayed ? <Fact name="Compared">{replayText(run.replayed)}</Fact> : null}
          {run.exactness ? <Fact name="Exactness">{exactnessText(run.exactness)}</Fact> : null}
          <Fact name="Attempts">{run.attempt}</Fact>
          <Fact name="Worker output">
            <a href={logUrl(run.id)} target="_blank" rel="noreferrer">
              open
            </a>
          </Fact>
          {run.machine ? <Fact name="Machine">{run.machine}</Fact> : null}
          {run.device ? (
            <Fact name="Device">
              {`${run.device}, ${run.threads ?? "?"} ${run.threads === 1 ? "thread" : "threads"}`}
            </Fact>
          ) : null}
        </dl>
        <Values run={run} />
      </div>
    </section>
  );
}

/** A fork of a script has none: it began with a checkpoint, which no recipe holds. */
function RecipeTools({ run }: { run: Run }) {
  const isViewer = useIsViewer();
  return (
    <>
      <a className="button" href={exportUrl(run.id, "recipe")} download>
        <Icon name="out" /> Recipe
      </a>
      {isViewer ? null : (
        <button
          type="button"
          className="button"
          onClick={() => openDialog({ kind: "replay", runId: run.id, seed: run.seed })}
        >
          <Icon name="play" /> Replay
        </button>
      )}
    </>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="numbers">{children}</dd>
    </div>
  );
}

function took(run: Run): string {
  const end = run.ended_at ? Date.parse(run.ended_at) : Date.now();
  return duration((end - Date.parse(run.started_at ?? run.created_at)) / 1000);
}

const NO_EVENTS: RunEvent[] = [];

const inForce = (run: Run, events: RunEvent[]): ValuesByName =>
  Object.fromEntries(
    Object.entries(run.values).map(([name, value]) => [name, valueInForce(name, run, events) ?? value]),
  );

/** Every hyperparameter: what is in force, and what it was at the start where that differs. */
function Values({ run }: { run: Run }) {
  const { initial_values: initial } = run;
  const events = usePage((page) => page.open?.events ?? NO_EVENTS);
  // A script's schedule moves its values by itself.
  const values = run.script ? inForce(run, events) : run.values;
  const declared = useDeclared();
  const order = declared.map((hyperparameter) => hyperparameter.name);
  const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  const names = Object.keys(values).sort((a, b) => rank(a) - rank(b));
  const isPlain = (name: string): boolean => {
    const known = declared.find((hyperparameter) => hyperparameter.name === name);
    const moved = initial[name] !== undefined && initial[name] !== values[name];
    return (
      !run.script && known !== undefined && !moved && (!applies(known, run) || values[name] === known.default)
    );
  };
  const plain = names.filter(isPlain);
  const facts = (shown: string[]) => (
    <dl className={styles.facts}>
      {shown.map((name) => {
        const label = declared.find((hyperparameter) => hyperparameter.name === name)?.label ?? nameOf(name);
        const changed = initial[name] !== undefined && initial[name] !== values[name];
        return (
          <Fact key={name} name={label}>
            {valueText(name, values[name])}
            {changed ? <span className="muted"> (began at {valueText(name, initial[name])})</span> : null}
          </Fact>
        );
      })}
    </dl>
  );
  return (
    <div>
      {facts(names.filter((name) => !isPlain(name)))}
      {plain.length > 0 ? (
        <details className={styles.plain}>
          <summary className="muted">{plain.length} settings as the task has them</summary>
          {facts(plain)}
        </details>
      ) : null}
    </div>
  );
}

function Name({ run }: { run: Run }) {
  const [name, setName] = useState<string | null>(null);
  const [note, setNote] = useState<string | null>(null);
  const save = async () => {
    try {
      const edited = await editRun(run.id, { name: name ?? run.name, note: note ?? run.note });
      dispatch({ type: "run", run: edited, at: Date.now() });
      setName(null);
      setNote(null);
      await loadRuns();
    } catch (error) {
      toastError(error);
    }
  };
  const edited = (name !== null && name !== run.name) || (note !== null && note !== run.note);
  return (
    <form
      className={styles.nameForm}
      onSubmit={(event) => {
        event.preventDefault();
        if (edited) void save();
      }}
    >
      <label className="labelled">
        <span>Name</span>
        <input
          className="field"
          maxLength={80}
          value={name ?? run.name}
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <label className="labelled grow">
        <span>Description</span>
        <input
          className="field"
          maxLength={2000}
          placeholder="What is this run for?"
          value={note ?? run.note ?? ""}
          onChange={(event) => setNote(event.target.value)}
        />
      </label>
      {edited ? (
        <button type="submit" className="button primary">
          Save
        </button>
      ) : null}
    </form>
  );
}
