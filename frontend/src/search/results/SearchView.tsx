/** One search: how far it is, what is best so far, and every way to read its trials. */
import { useEffect, useMemo, useState } from "react";
import { DEFAULT_OBJECTIVE } from "../../api/objective";
import { useIsViewer } from "../../state/permissions";
import { usePage } from "../../state/store";
import { NotFound } from "../../ui/NotFound";
import { axesOf } from "../axes";
import * as layout from "../page.module.css";
import { ranked, valueAxis } from "../trials";
import { BestTrial } from "./BestTrial";
import type { Brushes } from "./charts/brush/brush";
import { passes } from "./charts/brush/brush";
import { clearHighlight } from "./charts/highlight";
import { axisPosition, ParallelCoordinates } from "./charts/ParallelCoordinates";
import { SlicePlots } from "./charts/SlicePlots";
import { TrialCurves } from "./charts/TrialCurves";
import { TrialTooltip } from "./charts/TrialTooltip";
import { ImportancePanel } from "./ImportancePanel";
import { Rounds } from "./Rounds";
import { SearchHeader } from "./SearchHeader";
import * as styles from "./SearchView.module.css";
import { TrialsTable } from "./table/TrialsTable";
import { useSearch } from "./useSearch";

export function SearchView({ id }: { id: number }) {
  const { search, curves, importance, problem } = useSearch(id);
  const ofTask = usePage((page) => page.tasks.find((task) => task.name === search?.task)?.hyperparameters);
  const declared = search?.script?.described.hyperparameters ?? ofTask;
  const isViewer = useIsViewer();
  const [brushes, setBrushes] = useState<Brushes>({});
  const space = JSON.stringify(search?.rounds[0]?.space ?? search?.space ?? {});
  const axes = useMemo(() => axesOf(JSON.parse(space), declared ?? []), [space, declared]);
  const trials = search?.trials;
  const { objective, mode } = search ?? DEFAULT_OBJECTIVE;
  const cost = useMemo(
    () =>
      valueAxis(
        { objective, mode },
        ranked(trials ?? []).map((trial) => trial.value as number),
      ),
    [trials, objective, mode],
  );
  const allAxes = useMemo(() => [...axes, cost], [axes, cost]);
  const seen = useMemo(
    () =>
      new Set(
        (trials ?? [])
          .filter((trial) => passes(trial, allAxes, brushes, axisPosition))
          .map((trial) => trial.number),
      ),
    [trials, allAxes, brushes],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: another search starts without brushes
  useEffect(() => {
    setBrushes({});
    return clearHighlight;
  }, [id]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each message brings a new object; only its name matters here
  useEffect(() => {
    document.title = search ? `${search.name} – Caviar – Babysit` : "Caviar – Babysit";
  }, [search?.name]);
  if (problem !== null && search === null) {
    return (
      <NotFound title="This search cannot be shown." problem={problem} to="/caviar" all="All searches" />
    );
  }
  if (search === null) return <main id="main" className={layout.page} aria-busy="true" />;
  return (
    <main id="main" className={layout.page}>
      <SearchHeader search={search} isViewer={isViewer} />
      <BestTrial search={search} axes={axes} isViewer={isViewer} />
      <div className={styles.searchCharts}>
        <TrialCurves search={search} curves={curves} seen={seen} />
        <ParallelCoordinates
          search={search}
          axes={allAxes}
          brushes={brushes}
          seen={seen}
          onBrush={setBrushes}
        />
      </div>
      <TrialTooltip search={search} axes={axes} />
      <div className={styles.searchReading}>
        <SlicePlots search={search} axes={axes} cost={cost} seen={seen} importance={importance} />
        <ImportancePanel importance={importance} axes={axes} />
      </div>
      {search.rounds.length > 1 || search.strategy === "coarse_to_fine" ? (
        <Rounds search={search} axes={axes} />
      ) : null}
      <TrialsTable search={search} axes={axes} seen={seen} isViewer={isViewer} />
    </main>
  );
}
