/** One search, kept up to date by the event stream: its trials, their curves and what mattered. */
import { useEffect, useState } from "react";
import { openStream } from "../../api/eventStream";
import { VAL_COST } from "../../api/objective";
import type { Importance, Search, TrialCurves } from "../../api/searches";
import { ApiError, getImportance, getSearch, getTrialCurves } from "../../api/searches";
import { dispatch } from "../../state/store";
import { isLive } from "../trials";
import { paced } from "./paced";

/** A curve of a few hundred pixels shows no more. */
const POINTS = 80;
/** While trials go on, their curves are loaded again at most this often, ms. */
const CURVES_MS_MIN = 500;

export interface SearchData {
  search: Search | null;
  curves: TrialCurves["runs"];
  importance: Importance | null;
  problem: string | null;
}

const EMPTY: SearchData = { search: null, curves: {}, importance: null, problem: null };

export function useSearch(id: number): SearchData {
  const [data, setData] = useState(EMPTY);
  useEffect(() => {
    setData(EMPTY);
    return followSearch(id, (change) => setData((known) => ({ ...known, ...change })));
  }, [id]);
  return data;
}

/** Passes on what changes, until the returned function is called. */
function followSearch(id: number, onChange: (change: Partial<SearchData>) => void): () => void {
  let stopped = false;
  const pass = (change: Partial<SearchData>) => {
    if (!stopped) onChange(change);
  };
  let objective = VAL_COST;
  const curves = paced(
    async () => pass({ curves: (await getTrialCurves(id, objective, POINTS)).runs }),
    CURVES_MS_MIN,
  );
  /** What was loaded last: how far each trial was, and how many trials the importance knew. */
  let steps: string | null = null;
  let importanceTrials = -1;

  const onSearch = (search: Search) => {
    pass({ search, problem: null });
    objective = search.objective;
    const stepsNow = search.trials.map((trial) => `${trial.run_id}:${trial.step}`).join();
    if (stepsNow !== steps) curves.request();
    steps = stepsNow;
    // It takes a while with many trials, and moves little with one more.
    const counted = search.trials.filter((trial) => trial.fits).length;
    if (counted === importanceTrials || (isLive(search) && counted < importanceTrials * 1.1)) return;
    importanceTrials = counted;
    getImportance(id)
      .then((importance) => pass({ importance }))
      .catch(() => undefined);
  };

  // A stream does not say why it was refused: a request does.
  const onRefused = () =>
    getSearch(id)
      .then(onSearch)
      .catch((error: unknown) => {
        if (error instanceof ApiError) pass({ problem: error.message });
      });

  const stopStream = openStream(
    { searches: [id], after: null },
    {
      search: onSearch,
      connection: (connection) => {
        dispatch({ type: "connection", connection });
        if (connection === "reconnecting" && steps === null) void onRefused();
      },
    },
  );
  return () => {
    stopped = true;
    stopStream();
    curves.stop();
  };
}
