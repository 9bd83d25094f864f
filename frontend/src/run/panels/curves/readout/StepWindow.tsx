/** How much of the training the charts show: all of it, or the last steps, which they then follow. */
import { costSeries } from "../../../../charts/compose";
import { FOLLOWED, follow } from "../../../../charts/gestures";
import { isOnFloor } from "../../../../domain/series";
import { whole } from "../../../../format/numbers";
import type { PageState } from "../../../../state/state";
import { dispatch, usePage, usePageThrottled } from "../../../../state/store";
import * as styles from "./StepWindow.module.css";

const wordOf = (steps: number | null): string =>
  steps === null ? "All" : steps >= 1000 ? `${steps / 1000}k` : String(steps);

const nameOf = (steps: number | null): string =>
  steps === null ? "Show all steps" : `Follow the last ${whole(steps)} steps`;

export function StepWindow() {
  const followed = usePage((page) => page.view.follow);
  const zoomed = usePage((page) => page.view.zoom !== null);
  return (
    <div className={styles.place}>
      <FloorHint />
      <fieldset className={styles.window} aria-label="Steps shown">
        {FOLLOWED.map((steps, i) => (
          <button
            key={wordOf(steps)}
            type="button"
            aria-label={nameOf(steps)}
            aria-pressed={!zoomed && followed === steps}
            title={`${nameOf(steps)} (${i + 1})`}
            onClick={() => follow(steps)}
          >
            {wordOf(steps)}
          </button>
        ))}
      </fieldset>
    </div>
  );
}

/** Where the whole curve is in sight on a linear axis, and what happens now cannot be seen. */
function FloorHint() {
  const onFloor = usePageThrottled(liesOnFloor);
  if (!onFloor) return null;
  return (
    <button
      type="button"
      className="button link small"
      title="The curve lies on the lower edge: a logarithmic axis shows what it does (L)"
      onClick={() => dispatch({ type: "view", change: { log: true } })}
    >
      On the floor? Use log y
    </button>
  );
}

function liesOnFloor({ open, view }: PageState): boolean {
  if (!open?.curves.loaded || view.log || view.zoom || view.follow !== null) return false;
  const name = costSeries(open)[0] ?? "";
  const cost = open.curves.smooth[name] ?? open.curves.raw[name];
  return cost !== undefined && isOnFloor(cost);
}
