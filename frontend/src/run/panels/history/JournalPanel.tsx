/** What was done to this run, when, by whom and why; notes; and the way back from the last change. */
import { memo, useMemo, useState } from "react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { addNote } from "../../../api/client";
import { Glyph } from "../../../charts/markers/Glyph";
import type { Entry } from "../../../domain/journal";
import { entriesOf } from "../../../domain/journal";
import { isMarker } from "../../../domain/markers";
import { clock, whole } from "../../../format/numbers";
import * as commands from "../../../state/commands/commands";
import { useIsViewer } from "../../../state/permissions";
import type { OpenRun } from "../../../state/state";
import { dispatch, getPage, usePage, usePageThrottled } from "../../../state/store";
import { toast, toastError } from "../../../state/toasts";
import { Icon } from "../../../ui/Icon";
import * as styles from "./JournalPanel.module.css";

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
        <div className="tools">{isViewer ? null : <UndoMenu entries={own} />}</div>
      </div>
      {isViewer ? null : <NoteForm />}
      {hint && !isViewer ? <p className={styles.hint}>{hint}</p> : null}
      <div className={styles.journalList} role="log" aria-label="Change journal" aria-live="off" tabIndex={0}>
        {own.length + before.length === 0 ? (
          <p className="muted empty-text">No changes yet. Every change you make is listed here.</p>
        ) : null}
        <Lines entries={own} />
        {before.length > 0 ? (
          <p className={`${styles.journalDivide} muted`}>
            Before the fork{parent ? ` (from run ${parent.run_id}, step ${whole(parent.step)})` : ""}
          </p>
        ) : null}
        <Lines entries={before} />
      </div>
    </section>
  );
}

/** Drawn again only when an entry came. */
const Lines = memo(function Lines({ entries }: { entries: Entry[] }) {
  return entries.slice(0, SHOWN_MAX).map((entry) => <Line key={entry.id} entry={entry} />);
});

function Line({ entry }: { entry: Entry }) {
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
        <span>{entry.text}</span>
        {entry.firstUse ? <span className="muted"> {entry.firstUse}</span> : null}
        {entry.why ? <q>{entry.why}</q> : null}
        {entry.notes.length > 0 ? <span className="muted"> {entry.notes.join("; ")}</span> : null}
      </div>
      <span className={`muted ${styles.entryWho}`}>
        {entry.who}
        {entry.scheduled ? " (scheduled)" : ""} <time dateTime={entry.at}>{clock(entry.at)}</time>
      </span>
    </article>
  );
}

function NoteForm() {
  const [text, setText] = useState("");
  const pinned = usePage((page) => page.view.pinned);
  const add = async () => {
    const run = getPage().open?.run.id;
    if (!text.trim() || run === undefined) return;
    try {
      await addNote(run, text.trim(), pinned ?? undefined);
      setText("");
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <form
      className={styles.noteForm}
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <input
        className="field"
        aria-label="Note"
        placeholder={
          pinned === null ? "Write a note at the current step" : `Write a note at step ${whole(pinned)}`
        }
        maxLength={2000}
        data-key="note"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" className="button" aria-disabled={!text.trim()}>
        Add note
      </button>
    </form>
  );
}

/** The last change that has not been put back yet. */
function UndoMenu({ entries }: { entries: Entry[] }) {
  const open = usePageThrottled((page) => page.open);
  const last = entries.find((entry) => entry.undo !== null);
  if (!open) return null;
  const mayChange = open.run.allowed.includes("set");
  const back = last ? checkpointBefore(open, last) : null;
  return (
    <MenuTrigger>
      <Button className="button" aria-label="Undo last change" isDisabled={!last} data-key="undo">
        <Icon name="undo" /> Undo <Icon name="down" />
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu className="menu" disabledKeys={[...(mayChange ? [] : ["value"]), ...(back ? [] : ["rewind"])]}>
          <MenuItem
            id="value"
            className="option"
            textValue="Put value back"
            onAction={() => {
              if (last?.undo)
                void commands.change(open.run, { kind: "set", values: last.undo, note: "reverted" });
            }}
          >
            <span>Put value back</span>
            <small className="muted">keeps the progress</small>
          </MenuItem>
          <MenuItem
            id="rewind"
            className="option"
            textValue="Rewind to before"
            onAction={() => {
              if (back) void commands.rewind(open.run, back.id);
              else toast("There is no checkpoint before this change.", { tone: "problem" });
            }}
          >
            <span>Rewind to before</span>
            <small className="muted">
              {back ? `to step ${whole(back.step)}` : "no checkpoint before it"}
            </small>
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

/**
 * The checkpoint written for this very change, else the newest one before it: a change in a pause needs
 * none of its own, the pause has saved one. At the same step, what was saved later holds the change.
 */
function checkpointBefore(open: OpenRun, entry: Entry): { id: number; step: number } | null {
  const usable = open.checkpoints.filter((checkpoint) => checkpoint.valid && !checkpoint.removed);
  const saves = open.events.filter((event) => event.kind === "checkpoint_saved");
  const made = saves.find((save) => save.command_id === entry.commandId && save.cause === "change");
  const savedBefore = (id: number): boolean =>
    saves.some((save) => save.checkpoint_id === id && save.id < entry.id);
  return (
    usable.find((checkpoint) => checkpoint.id === made?.checkpoint_id) ??
    usable.findLast(
      (checkpoint) =>
        checkpoint.step < entry.step || (checkpoint.step === entry.step && savedBefore(checkpoint.id)),
    ) ??
    null
  );
}

function closeChanges(entries: Entry[]): string | null {
  const [last, before] = entries.filter((entry) => entry.undo !== null);
  if (!last || !before || last.step - before.step >= CLOSE_STEPS) return null;
  if (last.text.split(" ")[0] === before.text.split(" ")[0] || REVERTED.includes(last.why)) return null;
  return "Two changes within 50 steps: you will not know which one helped.";
}
