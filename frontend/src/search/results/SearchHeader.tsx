/** What this search is, how far it came, and the few things that can be asked of it as a whole. */

import { useState } from "react";
import type { Search, SearchCommand } from "../../api/searches";
import { commandSearch } from "../../api/searches";
import { ago, duration, whole } from "../../format/numbers";
import { objectiveText } from "../../format/objective";
import { searchPath } from "../../state/route";
import { toastError } from "../../state/toasts";
import { ActionButton } from "../../ui/ActionButton";
import { Icon } from "../../ui/Icon";
import { Link } from "../../ui/Link";
import { chipOf, countsOf, methodWord, OUTCOMES } from "../trials";
import * as styles from "./SearchHeader.module.css";

export interface SearchHeaderProps {
  search: Search;
  isViewer: boolean;
}

const EXCLUDED = ["failed", "diverged", "stopped", "stopped_early", "hand_steered"];

export function SearchHeader({ search, isViewer }: SearchHeaderProps) {
  const chip = chipOf(search.status);
  return (
    <section className="panel" aria-labelledby="search-name">
      <div className={styles.searchTitle}>
        <p className="muted small-text">
          <Link to="/caviar">Caviar</Link> / search {search.id}
          {search.parent_id !== null ? (
            <>
              , refined from <Link to={searchPath(search.parent_id)}>search {search.parent_id}</Link>
            </>
          ) : null}
        </p>
        <h1 id="search-name" tabIndex={-1}>
          {search.name}
        </h1>
        <div
          role="status"
          aria-label="Search status"
          aria-live="polite"
          className="chip"
          data-tone={chip.tone}
        >
          <Icon name={chip.icon} />
          <span>{chip.word}</span>
        </div>
        <div className="tools">
          {isViewer || search.allowed.length === 0 ? null : <Commands search={search} />}
          {isViewer ? null : (
            <Link to={`/caviar?like=${search.id}`} className="button">
              <Icon name="plus" /> Search like this
            </Link>
          )}
        </div>
      </div>
      <Progress search={search} />
      <p className={`muted small-text ${styles.searchFacts} numbers`}>
        <span>{search.task}</span>
        <span>{methodWord(search.strategy)}</span>
        <span>{whole(search.steps)} steps each</span>
        <span>{search.parallel} at a time</span>
        <span>seed {search.seed}</span>
        <span>best: {objectiveText(search)}</span>
        <span>
          {search.stop_early === null
            ? "no early stopping"
            : `stops early by ${search.stop_early.replace("_", " ")}`}
        </span>
        {search.from_checkpoint !== null ? <span>from checkpoint {search.from_checkpoint}</span> : null}
        <span>
          {search.ended_at
            ? `took ${duration((Date.parse(search.ended_at) - Date.parse(search.created_at)) / 1000)}`
            : `started ${ago(search.created_at, Date.now())}`}
        </span>
        {search.reason ? <span>{search.reason}</span> : null}
        {search.note ? <q>{search.note}</q> : null}
      </p>
    </section>
  );
}

/** A segment for each outcome; what does not count is hollow. The words below say the same. */
function Progress({ search }: { search: Search }) {
  const counts = countsOf(search);
  const known = counts.reduce((sum, { count }) => sum + count, 0);
  const repeats = search.trials.filter((trial) => trial.repeat_of !== null).length;
  const total = Math.max(search.trials_wanted + repeats, known, 1);
  const waiting = total - known + (search.counts.waiting ?? 0);
  const shown = [
    ...counts.filter(({ outcome }) => outcome !== "waiting"),
    { outcome: "waiting" as const, count: waiting },
  ];
  return (
    <div className={styles.searchProgress}>
      <div className={styles.segments} aria-hidden="true">
        {shown.map(({ outcome, count }) =>
          count > 0 ? (
            <span
              key={outcome}
              className={styles.segment}
              data-outcome={outcome}
              style={{ flexGrow: count }}
            />
          ) : null,
        )}
      </div>
      <ul className={`${styles.counts} numbers`} aria-label="Trials by outcome">
        {shown
          .filter(({ count, outcome }) => count > 0 && !(outcome === "waiting" && isOver(search)))
          .map(({ outcome, count }) => (
            <li key={outcome} className={EXCLUDED.includes(outcome) ? "hollow" : undefined}>
              <span className={styles.key} data-outcome={outcome} aria-hidden="true" />
              <b>{whole(count)}</b> {OUTCOMES[outcome]}
            </li>
          ))}
        <li className="muted">
          of {whole(search.trials_wanted)} trials
          {repeats > 0 ? ` · ${whole(repeats)} ${repeats === 1 ? "repeat" : "repeats"} with other seeds` : ""}
        </li>
      </ul>
    </div>
  );
}

const isOver = (search: Search): boolean => search.status === "stopped" || search.status === "finished";

function Commands({ search }: { search: Search }) {
  const [sending, setAsked] = useState<string | null>(null);
  const may = (kind: SearchCommand): boolean => sending === null && search.allowed.includes(kind);
  const paused = search.status === "paused";
  const turn = paused ? "resume" : "pause";
  const send = async (kind: SearchCommand) => {
    setAsked(kind);
    try {
      await commandSearch(search.id, kind);
    } catch (error) {
      toastError(error);
    } finally {
      setAsked(null);
    }
  };
  return (
    <>
      <ActionButton
        icon={paused ? "play" : "pause"}
        label={paused ? "Resume search" : "Pause search"}
        enabled={may(turn)}
        onPress={() => void send(turn)}
      >
        {paused ? "Resume" : "Pause"}
      </ActionButton>
      <ActionButton icon="stop" label="Stop search" enabled={may("stop")} onPress={() => void send("stop")}>
        Stop
      </ActionButton>
    </>
  );
}
