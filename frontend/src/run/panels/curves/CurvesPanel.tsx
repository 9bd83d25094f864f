/** Accuracy, or whatever else the task measures beside its cost. */
import { useState } from "react";
import { measurements } from "../../../charts/compose";
import { LineChart } from "../../../charts/LineChart";
import { metricName } from "../../../format/hyperparameters";
import { usePage } from "../../../state/store";
import { usePhone } from "../../../ui/hooks/useMediaQuery";
import { Icon } from "../../../ui/Icon";
import { ChartTable } from "./ChartTable";

/** What stands in place of curves. A chart out of sight is not drawn though there are some. */
function emptyText(names: string[], started: boolean): string {
  if (names.length > 0) return "";
  return started ? "This task has no metrics besides its cost." : "Waiting for the first evaluation…";
}

export function CurvesPanel() {
  const shown = usePage((page) => (page.open ? measurements(page.open).join("\n") : null));
  const started = usePage((page) => (page.open?.curves.loaded && page.open.curves.lastStep > 0) === true);
  const phone = usePhone();
  const [table, setTable] = useState(false);
  if (shown === null) return null;
  const names = shown.split("\n").filter(Boolean);
  const accuracy = names.some((name) => name.endsWith("/accuracy"));
  return (
    <section className="panel curves" aria-labelledby="curves">
      <div className="panel-head">
        <h2 id="curves">Learning curves</h2>
        <p className="muted headline">{names.map(metricName).join(" · ")}</p>
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
      {table ? (
        <ChartTable names={names} caption="Learning curves" />
      ) : (
        <LineChart
          name="accuracy"
          label={accuracy ? "Accuracy chart" : "Learning curves chart"}
          height={phone ? 220 : 264}
          ticks
          right={phone ? 82 : 96}
          empty={emptyText(names, started)}
        />
      )}
    </section>
  );
}
