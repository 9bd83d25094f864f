/** Accuracy, and whatever else is measured beside the cost: a chart for each quantity. */
import { useState } from "react";
import { measuredGroups } from "../../../charts/compose";
import { LineChart } from "../../../charts/LineChart";
import type { ChartGroup } from "../../../domain/chartGroups";
import { metricName } from "../../../format/hyperparameters";
import { usePage } from "../../../state/store";
import { usePhone } from "../../../ui/hooks/useMediaQuery";
import { Icon } from "../../../ui/Icon";
import { ChartTable } from "./ChartTable";
import * as styles from "./CurvesPanel.module.css";
import { Health } from "./readout/Health";

/** So many charts are shown at first; a script may record hundreds of series. */
const CHARTS_MAX = 6;

/** What stands in place of curves. A chart out of sight is not drawn though there are some. */
function emptyText(groups: ChartGroup[], started: boolean, isScript: boolean): string {
  if (groups.length > 0) return "";
  if (!started) return "Waiting for the first evaluation…";
  return isScript
    ? "This script logs nothing besides its cost."
    : "This task has no metrics besides its cost.";
}

export function CurvesPanel() {
  const shown = usePage((page) => (page.open ? JSON.stringify(measuredGroups(page.open)) : null));
  const started = usePage((page) => (page.open?.curves.loaded && page.open.curves.lastStep > 0) === true);
  const isScript = usePage((page) => Boolean(page.open?.run.script));
  const phone = usePhone();
  const [table, setTable] = useState(false);
  const [all, setAll] = useState(false);
  if (shown === null) return null;
  const groups = JSON.parse(shown) as ChartGroup[];
  const names = groups.flatMap((group) => group.names);
  const accuracy = names.some((name) => name.endsWith("/accuracy"));
  const drawn = all ? groups : groups.slice(0, CHARTS_MAX);
  const right = phone ? 82 : 96;
  const height = phone ? 220 : 264;
  const label = accuracy ? "Accuracy chart" : "Learning curves chart";
  const empty = emptyText(groups, started, isScript);
  return (
    <section className="panel curves" aria-labelledby="curves">
      <div className="panel-head">
        <h2 id="curves">Learning curves</h2>
        {groups.length <= 1 ? <p className="muted headline">{names.map(metricName).join(" · ")}</p> : null}
        <div className="tools">
          <button
            type="button"
            className="button toggle"
            aria-pressed={table}
            aria-label={accuracy ? "View accuracy as table" : "View learning curves as table"}
            onClick={() => setTable(!table)}
          >
            <Icon name="table" />
          </button>
        </div>
      </div>
      {table ? <ChartTable names={names} caption="Learning curves" /> : null}
      {!table && groups.length <= 1 ? (
        <LineChart name="accuracy" label={label} height={height} ticks right={right} empty={empty} />
      ) : null}
      {!table && groups.length > 1 ? (
        <div className={styles.charts}>
          {drawn.map(({ key, title }, i) => (
            <div key={key}>
              <h3 className={styles.title}>{title}</h3>
              <LineChart
                name={i === 0 ? "accuracy" : `curves:${key}`}
                label={i === 0 && !isScript ? label : `${title} chart`}
                height={phone ? 180 : 200}
                ticks
                right={right}
                empty={empty}
              />
            </div>
          ))}
        </div>
      ) : null}
      {!table && groups.length > drawn.length ? (
        <button type="button" className="button link small" onClick={() => setAll(true)}>
          Show all {groups.length} charts
        </button>
      ) : null}
      <Health />
    </section>
  );
}
