/** Every run there ever was: find it, open it, name it, throw it away and get it back. */
import { useCallback, useEffect, useRef, useState } from "react";
import { editRun, getRuns, isAway, trashRun } from "../api/client";
import { openStream } from "../api/eventStream";
import type { Run } from "../api/types";
import { openDialog } from "../state/dialogs";
import { useIsViewer } from "../state/permissions";
import { dispatch, getPage, usePage } from "../state/store";
import { toast, toastError } from "../state/toasts";
import { Icon } from "../ui/Icon";
import { EmptyTrash } from "./EmptyTrash";
import * as styles from "./RunsPage.module.css";
import { RunsTable } from "./RunsTable";

const PAGE = 50;
const STATUSES = ["queued", "starting", "running", "paused", "finished", "stopped", "failed", "lost"];
/** Events of a moment make one reload, ms. */
const SETTLE_MS = 400;

interface Filter {
  search: string;
  status: string;
  task: string;
  trashed: boolean;
}

export function RunsPage() {
  const tasks = usePage((page) => page.tasks);
  const [filter, setFilter] = useState<Filter>({ search: "", status: "", task: "", trashed: false });
  const list = useRuns(filter);
  const isViewer = useIsViewer();
  const set = (change: Partial<Filter>) => setFilter({ ...filter, ...change });
  useEffect(() => {
    document.title = "Runs – Babysit";
  }, []);
  return (
    <main id="main" className={styles.runs}>
      <section className="panel" aria-labelledby="runs">
        <div className={`panel-head ${styles.runsHead}`}>
          <h1 id="runs" tabIndex={-1}>
            Runs
          </h1>
          <div className="tools">
            <input
              className="field"
              type="search"
              aria-label="Search runs"
              placeholder="Search by name or note"
              value={filter.search}
              onChange={(event) => set({ search: event.target.value })}
            />
            <select
              className="select"
              aria-label="Status"
              value={filter.status}
              onChange={(event) => set({ status: event.target.value })}
            >
              <option value="">Any status</option>
              {STATUSES.map((status) => (
                <option key={status} value={status}>
                  {status}
                </option>
              ))}
            </select>
            <select
              className="select"
              aria-label="Task"
              value={filter.task}
              onChange={(event) => set({ task: event.target.value })}
            >
              <option value="">Any task</option>
              {tasks.map((task) => (
                <option key={task.name} value={task.name}>
                  {task.name}
                </option>
              ))}
            </select>
            <button
              type="button"
              className="button toggle"
              aria-pressed={filter.trashed}
              onClick={() => set({ trashed: !filter.trashed })}
            >
              <Icon name="trash" /> Trash
            </button>
            {filter.trashed && !isViewer ? <EmptyTrash onEmptied={list.reload} /> : null}
          </div>
        </div>
        {list.runs === null ? null : list.runs.length === 0 ? (
          <Nothing filter={filter} />
        ) : (
          <RunsTable
            runs={list.runs}
            trashed={filter.trashed}
            onRename={(run, name) => void rename(run, name, list.change)}
            onTrash={(run) => void trash(run, list.reload)}
            onRestore={(run) => void restore(run, list.reload)}
          />
        )}
        {list.next !== null ? (
          <p className="runs-more">
            <button type="button" className="button" onClick={list.more}>
              Show older runs
            </button>
          </p>
        ) : null}
      </section>
    </main>
  );
}

function Nothing({ filter }: { filter: Filter }) {
  const isViewer = useIsViewer();
  if (filter.trashed) return <p className="muted empty-text">The trash is empty.</p>;
  if (filter.search || filter.status || filter.task)
    return <p className="muted empty-text">No run matches this.</p>;
  return (
    <div className="empty-text">
      <p>No runs yet.</p>
      {isViewer ? null : (
        <button type="button" className="button primary" onClick={() => openDialog({ kind: "new_run" })}>
          <Icon name="plus" /> New run
        </button>
      )}
    </div>
  );
}

interface RunList {
  runs: Run[] | null;
  next: number | null;
  more: () => void;
  reload: () => void;
  change: (run: Run) => void;
}

/** The list, kept up to date by the stream of all runs. */
function useRuns(filter: Filter): RunList {
  const [runs, setRuns] = useState<Run[] | null>(null);
  const [next, setNext] = useState<number | null>(null);
  const shown = useRef(PAGE);
  const requestNumber = useRef(0);
  const reload = useCallback(() => {
    const number = ++requestNumber.current;
    getRuns({ ...filter, limit: shown.current })
      .then((page) => {
        if (number !== requestNumber.current) return; // a newer question is under way
        setRuns(page.runs);
        setNext(page.next);
      })
      .catch((error: unknown) => {
        if (isAway(error)) dispatch({ type: "connection", connection: "reconnecting" });
        else toastError(error);
      });
  }, [filter]);
  const change = useCallback(
    (run: Run) => setRuns((known) => known?.map((other) => (other.id === run.id ? run : other)) ?? null),
    [],
  );
  useEffect(() => {
    shown.current = PAGE;
    const timer = setTimeout(reload, filter.search ? 200 : 0);
    return () => clearTimeout(timer);
  }, [reload, filter.search]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const scheduleReload = () => {
      clearTimeout(timer);
      timer = setTimeout(reload, SETTLE_MS);
    };
    const stop = openStream(
      { after: null },
      {
        event: (event) => {
          if (["status_changed", "trashed", "restored", "described", "forked"].includes(event.kind))
            scheduleReload();
        },
        run: (run) => {
          setRuns((known) => {
            if (known && !known.some((other) => other.id === run.id)) scheduleReload();
            return known?.map((other) => (other.id === run.id ? run : other)) ?? null;
          });
        },
        reset: scheduleReload,
        connection: (connection) => {
          // The list may have been asked for while the server was away, and events were missed.
          if (connection === "live" && getPage().connection === "reconnecting") scheduleReload();
          dispatch({ type: "connection", connection });
        },
      },
    );
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [reload]);
  const more = () => {
    shown.current += PAGE;
    reload();
  };
  return { runs, next, more, reload, change };
}

async function rename(run: Run, name: string, change: (run: Run) => void): Promise<void> {
  try {
    change(await editRun(run.id, { name }));
  } catch (error) {
    toastError(error);
  }
}

async function trash(run: Run, reload: () => void): Promise<void> {
  try {
    await trashRun(run.id);
    reload();
    toast(`Moved “${run.name}” to the trash.`, {
      actions: [{ label: "Undo", act: () => void restore(run, reload) }],
    });
  } catch (error) {
    toastError(error);
  }
}

async function restore(run: Run, reload: () => void): Promise<void> {
  try {
    await editRun(run.id, { trashed: false });
    reload();
  } catch (error) {
    toastError(error);
  }
}
