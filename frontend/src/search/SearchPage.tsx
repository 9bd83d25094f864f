/** Caviar: many trials at once, compared, and the best becomes the panda. */
import { useEffect, useMemo } from "react";
import { keyOf } from "../domain/trainable";
import { useScripts } from "../state/declared";
import { useIsViewer } from "../state/permissions";
import { useRoute } from "../state/route";
import { usePage } from "../state/store";
import { Link } from "../ui/Link";
import * as layout from "./page.module.css";
import { SearchView } from "./results/SearchView";
import { SearchList, useSearches } from "./SearchList";
import * as styles from "./SearchPage.module.css";
import { SearchForm } from "./setup/SearchForm";
import { useInitialSearch } from "./setup/useInitialSearch";

export function SearchPage() {
  const route = useRoute();
  const isViewer = useIsViewer();
  if (route.search !== null) return <SearchView key={route.search} id={route.search} />;
  return isViewer ? <PastSearches /> : <SearchSetup key={location.search} />;
}

function SearchSetup() {
  const tasks = usePage((page) => page.tasks);
  const ready = usePage((page) => page.tasksReady);
  const scripts = useScripts();
  const trainables = useMemo(() => [...tasks, ...(scripts ?? [])], [tasks, scripts]);
  const loaded = ready && scripts !== null;
  const { start, problem } = useInitialSearch(location.search, loaded ? trainables : []);
  useEffect(() => {
    document.title = "Caviar – Babysit";
  }, []);
  return (
    <main
      id="main"
      className={`${layout.page} ${layout.twoColumns}`}
      aria-busy={start === null && problem === null}
    >
      <Intro />
      {problem ? (
        <p className="panel problem" role="alert">
          {problem} <Link to="/caviar">Start with an empty space</Link>
        </p>
      ) : null}
      {start ? (
        <SearchForm key={keyOf(start.task)} initial={start} trainables={trainables} />
      ) : problem ? null : (
        <p className="muted">Loading the tasks…</p>
      )}
    </main>
  );
}

function Intro() {
  return (
    <div className={styles.caviarIntro}>
      <h1 id="caviar" tabIndex={-1}>
        Caviar
      </h1>
      <p className="muted">Many short runs side by side. Set the ranges, start the search, keep the best.</p>
    </div>
  );
}

/** A viewer sees the searches that were made. */
function PastSearches() {
  const { searches, more } = useSearches();
  return (
    <main id="main" className={layout.page}>
      <Intro />
      {searches?.length === 0 ? (
        <p className="panel muted">No searches yet.</p>
      ) : (
        <SearchList searches={searches ?? []} more={more} />
      )}
    </main>
  );
}
