/** Every run there ever was: find it, open it, name it, throw it away and get it back. */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { withBaseUrl } from "../api/baseUrl";
import { editRun, getRuns, isAway, trashRun } from "../api/client";
import { openStream } from "../api/eventStream";
import type { Run } from "../api/types";
import { openDialog } from "../state/dialogs";
import { useIsViewer } from "../state/permissions";
import { dispatch, getPage, usePage } from "../state/store";
import { toast, toastError } from "../state/toasts";
import { Icon } from "../ui/Icon";
import { ChosenRuns } from "./ChosenRuns";
import { EmptyTrash } from "./EmptyTrash";
import type { ListView } from "./listView";
import { listViewText, readListView, sortRuns, toggleSort } from "./listView";
import * as styles from "./RunsPage.module.css";
import { RunsTable } from "./RunsTable";

const PAGE = 50;
const STATUSES = ["queued", "starting", "running", "paused", "finished", "stopped", "failed", "lost"];
/** Events of a moment make one reload, ms. */
const SETTLE_MS = 400;

export function RunsPage() {
  const tasks = usePage((page) => page.tasks);
  const [filter, setFilter] = useState(() => readListView(location.search));
  const [ticked, setTicked] = useState<number[]>([]);
  const list = useRuns(filter);
  const isViewer = useIsViewer();
  const set = (change: Partial<ListView>) => {
    const next = { ...filter, ...change };
    setFilter(next);
    history.replaceState(null, "", withBaseUrl(`/runs${listViewText(next)}`));
  };
  const runs = useMemo(() => sortRuns(list.runs ?? [], filter), [list.runs, filter]);
  const chosen = runs.filter((run) => ticked.includes(run.id));
  const actOnChosen = async (act: (runs: Run[], reload: () => void) => Promise<void>) => {
    await act(chosen, list.reload);
    setTicked([]);
  };
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
            runs={runs}
            view={filter}
            chosen={chosen.map((run) => run.id)}
            onChoose={setTicked}
            onSort={(column) => set(toggleSort(filter, column))}
            onRename={(run, name) => void rename(run, name, list.change)}
            onTrash={(run) => void trash([run], list.reload)}
            onRestore={(run) => void restore([run], list.reload)}
          />
        )}
        {list.next !== null ? (
          <p className="runs-more">
            <button type="button" className="button" onClick={list.more}>
              Show older runs
            </button>
          </p>
        ) : null}
        <ChosenRuns
          chosen={chosen.map((run) => run.id)}
          trashed={filter.trashed}
          onTrash={() => void actOnChosen(trash)}
          onRestore={() => void actOnChosen(restore)}
          onClear={() => setTicked([])}
        />
      </section>
    </main>
  );
}

function Nothing({ filter }: { filter: ListView }) {
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

/** Sorted by anything but age, the list is of so many of the newest runs, and not of a page. */
const SORTED_MAX = 1000;

/** The list, kept up to date by the stream of all runs. */
function useRuns(filter: ListView): RunList {
  const [runs, setRuns] = useState<Run[] | null>(null);
  const [next, setNext] = useState<number | null>(null);
  const { search, status, task, trashed } = filter;
  const isNewestFirst = filter.sort === "created" && filter.descending;
  const page = isNewestFirst ? PAGE : SORTED_MAX;
  const shown = useRef(page);
  const requestNumber = useRef(0);
  const reload = useCallback(() => {
    const number = ++requestNumber.current;
    getRuns({ search, status, task, trashed, limit: shown.current })
      .then((page) => {
        if (number !== requestNumber.current) return; // a newer question is under way
        setRuns(page.runs);
        setNext(page.next);
      })
      .catch((error: unknown) => {
        if (isAway(error)) dispatch({ type: "connection", connection: "reconnecting" });
        else toastError(error);
      });
  }, [search, status, task, trashed]);
  const change = useCallback(
    (run: Run) => setRuns((known) => known?.map((other) => (other.id === run.id ? run : other)) ?? null),
    [],
  );
  useEffect(() => {
    shown.current = page;
    const timer = setTimeout(reload, search ? 200 : 0);
    return () => clearTimeout(timer);
  }, [reload, search, page]);
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
    shown.current += page;
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

/** All that can be moved are; what cannot, says why. */
async function trash(runs: Run[], reload: () => void): Promise<void> {
  const results = await Promise.allSettled(runs.map((run) => trashRun(run.id)));
  const moved = runs.filter((_, i) => results[i]?.status === "fulfilled");
  tellFailure(results);
  reload();
  if (moved.length === 0) return;
  toast(`Moved ${moved.length === 1 ? `“${moved[0]?.name}”` : `${moved.length} runs`} to the trash.`, {
    actions: [{ label: "Undo", act: () => void restore(moved, reload) }],
  });
}

async function restore(runs: Run[], reload: () => void): Promise<void> {
  tellFailure(await Promise.allSettled(runs.map((run) => editRun(run.id, { trashed: false }))));
  reload();
}

/** One of several failures is enough to read. */
function tellFailure(results: PromiseSettledResult<unknown>[]): void {
  const failed = results.find((result) => result.status === "rejected");
  if (failed) toastError(failed.reason);
}
