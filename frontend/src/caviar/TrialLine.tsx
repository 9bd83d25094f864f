/** On a run that is a trial: which one, of which search, and the way to make it the panda. */
import { Icon } from "../components/Icon";
import { Link } from "../components/Link";
import { searchAddress } from "../state/address";
import { openDialog } from "../state/dialogs";
import { usePage } from "../state/store";
import { useWatching } from "../state/watching";

export function TrialLine() {
  const search = usePage((page) => page.open?.run.search ?? null);
  const runId = usePage((page) => page.open?.run.id ?? 0);
  const steps = usePage((page) => page.open?.run.steps ?? 1);
  const watching = useWatching();
  if (search === null) return null;
  return (
    <div className="trial-line-box">
      <p className="numbers">
        Trial {search.number} of <Link to={searchAddress(search.id)}>search {search.id}</Link>
        <span className="muted wide-only"> · a change by hand takes it out of the fits</span>
      </p>
      {watching ? null : (
        <button
          type="button"
          className="button small"
          aria-label={`Promote trial ${search.number}`}
          onClick={() => openDialog({ kind: "promote", runId, trial: search.number, searchId: search.id, steps })}
        >
          <Icon name="out" /> Promote
        </button>
      )}
    </div>
  );
}
