/** The other branches on the chart by name: open one, or hide its tail. */
import { branchText } from "../../../charts/branches/tails";
import { runPath } from "../../../state/route";
import { dispatch, usePage } from "../../../state/store";
import { Icon } from "../../../ui/Icon";
import { Link } from "../../../ui/Link";
import * as styles from "./BranchLegend.module.css";

export function BranchLegend() {
  const branches = usePage((page) => page.open?.curves.branches);
  const hidden = usePage((page) => page.view.hiddenBranches);
  if (!branches || branches.length === 0) return null;
  const light = (runId: number | null) => dispatch({ type: "view", change: { litBranch: runId } });
  const toggle = (runId: number) => {
    const others = hidden.filter((id) => id !== runId);
    const next = others.length === hidden.length ? [...hidden, runId] : others;
    dispatch({ type: "view", change: { hiddenBranches: next, litBranch: null } });
  };
  return (
    <ul className={styles.legend} aria-label="Branches on the chart">
      {branches.map((branch) => {
        const isHidden = hidden.includes(branch.runId);
        return (
          <li
            key={branch.runId}
            className={styles.branch}
            data-hidden={isHidden || undefined}
            onPointerEnter={() => light(branch.runId)}
            onPointerLeave={() => light(null)}
            onFocus={() => light(branch.runId)}
            onBlur={() => light(null)}
          >
            <span className={styles.dash} aria-hidden="true" />
            <Link to={runPath(branch.runId)}>{branchText(branch)}</Link>
            <button
              type="button"
              className="button quiet square small"
              aria-label={`${isHidden ? "Show" : "Hide"} branch ${branch.name}`}
              onClick={() => toggle(branch.runId)}
            >
              <Icon name={isHidden ? "plus" : "close"} />
            </button>
          </li>
        );
      })}
    </ul>
  );
}
