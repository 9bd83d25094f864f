/** How the charts are looked at: axes, smoothing, freezing. Nothing here touches the training. */
import { AXIS_LABELS } from "../../../charts/axis";
import { whole } from "../../../format/numbers";
import { reloadCurves } from "../../../state/session/loadCurves";
import type { AxisKind } from "../../../state/state";
import { AXIS_KINDS, axisKindsOf } from "../../../state/state";
import { dispatch, getPage, usePage } from "../../../state/store";
import { Icon } from "../../../ui/Icon";
import * as styles from "./ChartTools.module.css";

/** What the smoothing slider can be set to, steps. 1: not at all. */
const SMOOTHINGS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
const SETTLE_MS = 150;

let settling: ReturnType<typeof setTimeout> | undefined;

/** The server smooths over the full history; it is asked once the slider has settled. */
function smooth(steps: number): void {
  dispatch({ type: "view", change: { smoothSteps: steps } });
  clearTimeout(settling);
  settling = setTimeout(() => {
    const run = getPage().open?.run.id;
    if (run !== undefined) void reloadCurves(run);
  }, SETTLE_MS);
}

export function ChartTools({ table, onTable }: { table: boolean; onTable: (table: boolean) => void }) {
  const view = usePage((page) => page.view);
  const offered = usePage((page) => axisKindsOf(page.open?.run).join(" ")).split(" ");
  const kinds = AXIS_KINDS.filter((kind) => offered.includes(kind) || kind === view.axis);
  const nearest = SMOOTHINGS.reduce((a, b) =>
    Math.abs(b - view.smoothSteps) < Math.abs(a - view.smoothSteps) ? b : a,
  );
  const text = view.smoothSteps <= 1 ? "no smoothing" : `average over about ${whole(view.smoothSteps)} steps`;
  return (
    <div className="tools">
      <select
        className="select"
        aria-label="Horizontal axis"
        value={view.axis}
        onChange={(event) => dispatch({ type: "view", change: { axis: event.target.value as AxisKind } })}
      >
        {kinds.map((kind) => (
          <option key={kind} value={kind}>
            {AXIS_LABELS[kind]}
          </option>
        ))}
      </select>
      <button
        type="button"
        className="button toggle"
        aria-pressed={view.log}
        aria-label="Logarithmic vertical axis"
        title="Logarithmic vertical axis (L)"
        onClick={() => dispatch({ type: "view", change: { log: !view.log } })}
      >
        <span aria-hidden="true">Log y</span>
      </button>
      <label className={styles.smoothing} title={text}>
        <span className="unseen">Smoothing</span>
        <span aria-hidden="true" className="numbers">
          {view.smoothSteps <= 1 ? "raw" : `avg ${whole(view.smoothSteps)}`}
        </span>
        <input
          type="range"
          aria-label="Smoothing"
          aria-valuetext={text}
          min={0}
          max={SMOOTHINGS.length - 1}
          step={1}
          value={SMOOTHINGS.indexOf(nearest)}
          onChange={(event) => smooth(SMOOTHINGS[Number(event.target.value)] as number)}
        />
      </label>
      <button
        type="button"
        className="button toggle"
        aria-pressed={view.frozen}
        aria-label="Freeze charts"
        title="Freeze charts (F)"
        onClick={() => dispatch({ type: "view", change: { frozen: !view.frozen } })}
      >
        <Icon name="snow" />
      </button>
      <button
        type="button"
        className="button toggle"
        aria-pressed={table}
        aria-label="View cost as table"
        title="View cost as table (T)"
        data-key="table"
        onClick={() => onTable(!table)}
      >
        <Icon name="table" />
      </button>
    </div>
  );
}
