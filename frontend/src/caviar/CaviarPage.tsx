/** Caviar: many trials at once, compared, and the best becomes the panda. */
import { useEffect } from "react";
import { Link } from "../components/Link";
import { usePlace } from "../state/address";
import { usePage } from "../state/store";
import { useWatching } from "../state/watching";
import { NewSearch } from "./NewSearch";
import { SearchList, useSearches } from "./SearchList";
import { SearchView } from "./SearchView";
import { useStart } from "./useStart";
import "../styles/caviar.css";
import "../styles/caviar-charts.css";
import "../styles/caviar-parts.css";

export function CaviarPage() {
  const place = usePlace();
  const watching = useWatching();
  if (place.search !== null) return <SearchView key={place.search} id={place.search} />;
  return watching ? <Earlier /> : <Laying key={location.search} />;
}

function Laying() {
  const tasks = usePage((page) => page.tasks);
  const ready = usePage((page) => page.tasksReady);
  const { start, problem } = useStart(location.search, ready ? tasks : []);
  useEffect(() => {
    document.title = "Caviar – Babysit";
  }, []);
  return (
    <main id="main" className="caviar laying" aria-busy={start === null && problem === null}>
      <Intro />
      {problem ? (
        <p className="panel problem" role="alert">
          {problem} <Link to="/caviar">Begin with an empty space</Link>
        </p>
      ) : null}
      {start ? <NewSearch key={start.task.name} start={start} /> : problem ? null : <p className="muted">Reading the tasks…</p>}
    </main>
  );
}

function Intro() {
  return (
    <div className="caviar-intro">
      <h1 id="caviar" tabIndex={-1}>
        Caviar
      </h1>
      <p className="muted">Many eggs at once: say what is searched, let them train, keep the best and raise it as the panda.</p>
    </div>
  );
}

/** Who only watches sees what was found. */
function Earlier() {
  const { searches, more } = useSearches();
  return (
    <main id="main" className="caviar">
      <Intro />
      {searches?.length === 0 ? <p className="panel muted">There is no search yet.</p> : <SearchList searches={searches ?? []} more={more} />}
    </main>
  );
}
