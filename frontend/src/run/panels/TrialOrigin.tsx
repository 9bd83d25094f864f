/** On a run that is a trial: which one, of which search, and the way to make it the panda. */

import { openDialog } from "../../state/dialogs";
import { useIsViewer } from "../../state/permissions";
import { searchPath } from "../../state/route";
import { usePage } from "../../state/store";
import { Icon } from "../../ui/Icon";
import { Link } from "../../ui/Link";
import * as styles from "./TrialOrigin.module.css";

export function TrialOrigin() {
  const search = usePage((page) => page.open?.run.search ?? null);
  const runId = usePage((page) => page.open?.run.id ?? 0);
  const steps = usePage((page) => page.open?.run.steps ?? 1);
  const isViewer = useIsViewer();
  if (search === null) return null;
  return (
    <div className={styles.origin} data-part="trial-origin">
      <p className="numbers">
        Trial {search.number} of <Link to={searchPath(search.id)}>search {search.id}</Link>
        <span className="muted wide-only">
          {" "}
          · if you change it, it no longer counts in importance and slices
        </span>
      </p>
      {isViewer ? null : (
        <button
          type="button"
          className="button small"
          aria-label={`Promote trial ${search.number}`}
          onClick={() =>
            openDialog({ kind: "promote", runId, trial: search.number, searchId: search.id, steps })
          }
        >
          <Icon name="out" /> Promote
        </button>
      )}
    </div>
  );
}
