/** What was done to this run, when, by whom and why; notes; and the way back from the last change. */
import { memo, useMemo } from "react";
import { Glyph } from "../../../charts/markers/Glyph";
import { effectOnCost } from "../../../domain/changes/effect";
import type { Entry } from "../../../domain/journal";
import { entriesOf } from "../../../domain/journal";
import { isMarker } from "../../../domain/markers";
import { clock, whole } from "../../../format/numbers";
import { useIsViewer } from "../../../state/permissions";
import type { PageState } from "../../../state/state";
import { dispatch, usePage, usePageThrottled } from "../../../state/store";
import { UndoMenu } from "../UndoMenu";
import * as styles from "./JournalPanel.module.css";
import { NoteForm, NoteText } from "./Notes";

/** Two different things changed within this many steps: no one will know which one helped. */
const CLOSE_STEPS = 50;
const SHOWN_MAX = 200;
/** The reason of an undo; older runs have the second one. */
const REVERTED = ["reverted", "put back"];

export function JournalPanel() {
  const events = usePage((page) => page.open?.events);
  const inherited = usePage((page) => page.open?.inherited);
  const parent = usePage((page) => page.open?.run.parent);
  const own = useMemo(() => entriesOf(events ?? []), [events]);
  const before = useMemo(
    () => entriesOf(inherited ?? []).filter((entry) => entry.kind !== "status"),
    [inherited],
  );
  const isViewer = useIsViewer();
  if (!events) return null;
  const hint = closeChanges(own);
  return (
    <section className={`panel ${styles.journal}`} aria-labelledby="journal">
      <div className="panel-head">
        <h2 id="journal">Journal</h2>
        <div className="tools">{isViewer ? null : <UndoMenu label="Undo last change" />}</div>
      </div>
      {isViewer ? null : <NoteForm />}
      {hint && !isViewer ? <p className={styles.hint}>{hint}</p> : null}
      <div className={styles.journalList} role="log" aria-label="Change journal" aria-live="off" tabIndex={0}>
        {own.length + before.length === 0 ? (
          <p className="muted empty-text">No changes yet. Every change you make is listed here.</p>
        ) : null}
        <Lines entries={own} correctable={!isViewer} />
        {before.length > 0 ? (
          <p className={`${styles.journalDivide} muted`}>
            Before the fork{parent ? ` (from run ${parent.run_id}, step ${whole(parent.step)})` : ""}
          </p>
        ) : null}
        <Lines entries={before} correctable={false} />
      </div>
    </section>
  );
}

/** Drawn again only when an entry came. */
const Lines = memo(function Lines({ entries, correctable }: { entries: Entry[]; correctable: boolean }) {
  return entries
    .slice(0, SHOWN_MAX)
    .map((entry) => <Line key={entry.id} entry={entry} correctable={correctable && entry.kind === "note"} />);
});

/** correctable: a note of this run, and somebody who may change it. */
function Line({ entry, correctable }: { entry: Entry; correctable: boolean }) {
  const current = usePage((page) => page.view.entry === entry.id);
  return (
    <article
      id={`entry-${entry.id}`}
      className={current ? `${styles.entry} ${styles.current}` : styles.entry}
    >
      <span className={styles.entryGlyph} data-kind={entry.kind} aria-hidden="true">
        {isMarker(entry.kind) ? <Glyph kind={entry.kind} /> : "·"}
      </span>
      <button
        type="button"
        className={`${styles.entryStep} numbers`}
        aria-label={`Show step ${whole(entry.step)} on the charts`}
        onClick={() => dispatch({ type: "view", change: { pinned: entry.step, entry: entry.id } })}
      >
        {whole(entry.step)}
      </button>
      <div className={styles.entryText}>
        {correctable ? <NoteText entry={entry} /> : <span>{entry.text}</span>}
        {entry.earlier.length > 0 ? (
          <details className="muted small-text">
            <summary>corrected</summary>
            {entry.earlier.map((text, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: equal texts may come twice, and none moves
              <p key={i}>{text}</p>
            ))}
          </details>
        ) : null}
        {entry.why ? <q>{entry.why}</q> : null}
        {entry.undo ? <Effect entry={entry} /> : null}
        {entry.notes.length > 0 ? <span className="muted"> {entry.notes.join("; ")}</span> : null}
      </div>
      <span className={`muted ${styles.entryWho}`}>
        {entry.who}
        {entry.scheduled ? " (scheduled)" : ""} <time dateTime={entry.at}>{clock(entry.at)}</time>
      </span>
    </article>
  );
}

/** What is known for good is not read from the curves again. By entry. */
const effects = new Map<number, string>();

function effectIn({ open }: PageState, id: number): string {
  const known = effects.get(id);
  if (known !== undefined) return known;
  const events = [...(open?.inherited ?? []), ...(open?.events ?? [])];
  const change = events.find((event) => event.id === id);
  if (!open?.curves.loaded || change?.kind !== "changed") return "";
  const { text, isFinal } = effectOnCost(change, events, open.curves.raw["train/cost"]);
  if (isFinal) effects.set(id, text);
  return text;
}

/** What the cost did after a change; not compared with a run that kept the old value. */
function Effect({ entry }: { entry: Entry }) {
  const text = usePageThrottled((page) => effectIn(page, entry.id));
  if (!text) return null;
  return (
    <span className={`muted small-text numbers ${styles.effect}`} title="Not compared with the old value">
      {text}
    </span>
  );
}

function closeChanges(entries: Entry[]): string | null {
  const [last, before] = entries.filter((entry) => entry.undo !== null);
  if (!last || !before || last.step - before.step >= CLOSE_STEPS) return null;
  if (last.text.split(" ")[0] === before.text.split(" ")[0] || REVERTED.includes(last.why)) return null;
  return "Two changes within 50 steps: you will not know which one helped.";
}
