/** The searches there were, newest first. */
import { useEffect, useState } from "react";
import { isAway } from "../api/client";
import type { SearchRow } from "../api/searches";
import { getSearches } from "../api/searches";
import { ago, whole } from "../format/numbers";
import { searchPath } from "../state/route";
import { dispatch } from "../state/store";
import { toastError } from "../state/toasts";
import { Icon } from "../ui/Icon";
import { Link } from "../ui/Link";
import * as styles from "./SearchList.module.css";
import { chipOf, isLive, methodWord } from "./trials";

const PAGE = 20;
const LIVE_MS = 2000;

export function useSearches(): { searches: SearchRow[] | null; more: (() => void) | null } {
  const [searches, setSearches] = useState<SearchRow[] | null>(null);
  const [limit, setLimit] = useState(PAGE);
  const [next, setNext] = useState<number | null>(null);
  useEffect(() => {
    let cancelled = false;
    let wasAway = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const poll = async () => {
      try {
        const page = await getSearches(limit);
        if (cancelled) return;
        if (wasAway) dispatch({ type: "connection", connection: "live" });
        wasAway = false;
        setSearches(page.searches);
        setNext(page.next);
        if (page.searches.some(isLive)) timer = setTimeout(() => void poll(), LIVE_MS);
      } catch (error) {
        if (cancelled) return;
        if (!isAway(error)) return toastError(error);
        wasAway = true;
        dispatch({ type: "connection", connection: "reconnecting" });
        timer = setTimeout(() => void poll(), LIVE_MS);
      }
    };
    const onOnline = () => {
      if (!wasAway) return;
      clearTimeout(timer);
      void poll();
    };
    window.addEventListener("online", onOnline);
    void poll();
    return () => {
      cancelled = true;
      clearTimeout(timer);
      window.removeEventListener("online", onOnline);
    };
  }, [limit]);
  return { searches, more: next === null ? null : () => setLimit(limit + PAGE) };
}

export function SearchList({ searches, more }: { searches: SearchRow[]; more: (() => void) | null }) {
  if (searches.length === 0) return null;
  return (
    <section className={`panel ${styles.searchList}`} aria-labelledby="searches">
      <div className="panel-head">
        <h2 id="searches">Searches</h2>
      </div>
      <div className="table-place runs-place">
        <table className={`table runs-table ${styles.searchesTable}`}>
          <caption className="unseen">Searches, newest first</caption>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Status</th>
              <th scope="col">Task</th>
              <th scope="col">Method</th>
              <th scope="col" className="right">
                Trials
              </th>
              <th scope="col">Started</th>
              <th scope="col">From</th>
            </tr>
          </thead>
          <tbody>
            {searches.map((search) => (
              <Row key={search.id} search={search} />
            ))}
          </tbody>
        </table>
      </div>
      {more ? (
        <p className="runs-more">
          <button type="button" className="button" onClick={more}>
            Show older searches
          </button>
        </p>
      ) : null}
    </section>
  );
}

const repeatsOf = (search: SearchRow): number =>
  search.repeats.reduce((sum, repeat) => sum + repeat.objective_values.length, 0);

function Row({ search }: { search: SearchRow }) {
  const chip = chipOf(search.status);
  return (
    <tr>
      <th scope="row">
        <span className="run-name">
          <Link to={searchPath(search.id)}>{search.name}</Link>
          <span className="muted numbers"> #{search.id}</span>
          {search.note ? <span className="muted run-note">{search.note}</span> : null}
        </span>
      </th>
      <td>
        <span className={`chip ${styles.smallChip}`} data-tone={chip.tone}>
          <Icon name={chip.icon} /> {chip.word}
        </span>
      </td>
      <td>{search.task}</td>
      <td>{methodWord(search.strategy)}</td>
      <td className="right numbers">
        {whole(search.counts.finished)}{" "}
        <span className="muted">/ {whole(search.trials_wanted + repeatsOf(search))}</span>
      </td>
      <td>
        <time dateTime={search.created_at}>{ago(search.created_at, Date.now())}</time>
      </td>
      <td>
        {search.parent_id === null ? "–" : <Link to={searchPath(search.parent_id)}>#{search.parent_id}</Link>}
      </td>
    </tr>
  );
}
