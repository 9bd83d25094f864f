/** One search, kept up to date while it is looked at: its trials, their curves and what mattered. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { Importance, Search, TrialCurves } from "../../api/searches";
import { ApiError, getImportance, getSearch, getTrialCurves } from "../../api/searches";
import { isLive } from "../trials";

const LIVE_MS = 700;
const IDLE_MS = 5000;
/** A curve of a few hundred pixels shows no more. */
const POINTS = 80;
/** Of an answer that took long, the next is asked for after this many times as long. */
const PATIENCE = 4;

export interface SearchData {
  search: Search | null;
  curves: TrialCurves["runs"];
  importance: Importance | null;
  problem: string | null;
  reload: () => void;
}

export function useSearch(id: number): SearchData {
  const [search, setSearch] = useState<Search | null>(null);
  const [curves, setCurves] = useState<TrialCurves["runs"]>({});
  const [importance, setImportance] = useState<Importance | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const again = useRef<() => void>(() => undefined);
  useEffect(() => {
    let cancelled = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let latestRequest = 0;
    /** What was shown last: how far each trial was, and how many the importance knew of. */
    let known = { steps: "", importanceTrials: -1 };
    setSearch(null);
    setCurves({});
    setImportance(null);
    setProblem(null);

    const poll = async () => {
      const requestNumber = ++latestRequest;
      const began = performance.now();
      let next = IDLE_MS;
      try {
        // At first the curves are asked for with the search; later only when some trial went on.
        const early = known.steps === "" ? getTrialCurves(id, POINTS) : null;
        early?.catch(() => undefined);
        const loaded = await getSearch(id);
        if (cancelled || requestNumber !== latestRequest) return;
        setSearch(loaded);
        const steps = loaded.trials.map((trial) => `${trial.run_id}:${trial.step}`).join();
        if (steps !== known.steps) {
          const { runs } = await (early ?? getTrialCurves(id, POINTS));
          if (cancelled || requestNumber !== latestRequest) return;
          setCurves(runs);
        }
        const finished = loaded.trials.filter((trial) => trial.fits).length;
        // It takes a while with many trials, and moves little with one more.
        const needsImportance =
          finished !== known.importanceTrials &&
          (!isLive(loaded) || finished >= known.importanceTrials * 1.1);
        if (needsImportance)
          getImportance(id)
            .then((loadedImportance) => cancelled || setImportance(loadedImportance))
            .catch(() => undefined);
        known = { steps, importanceTrials: needsImportance ? finished : known.importanceTrials };
        if (isLive(loaded)) next = Math.max(LIVE_MS, PATIENCE * (performance.now() - began));
      } catch (error) {
        if (cancelled || requestNumber !== latestRequest) return;
        if (error instanceof ApiError) setProblem(error.message);
      }
      if (!cancelled && requestNumber === latestRequest) timer = setTimeout(() => void poll(), next);
    };
    const start = () => {
      clearTimeout(timer);
      if (!document.hidden) void poll();
    };
    again.current = start;
    start();
    document.addEventListener("visibilitychange", start);
    return () => {
      cancelled = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", start);
    };
  }, [id]);
  const reload = useCallback(() => again.current(), []);
  return { search, curves, importance, problem, reload };
}
