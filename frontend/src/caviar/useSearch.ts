/** One search, kept up to date while it is looked at: its trials, their curves and what mattered. */
import { useCallback, useEffect, useRef, useState } from "react";
import { Refused, getImportance, getSearch, getTrialCurves } from "../api/searches";
import type { Importance, Search, TrialCurves } from "../api/searches";
import { isLive } from "./trials";

const LIVE_MS = 700;
const CALM_MS = 5000;
/** A curve of a few hundred pixels shows no more. */
const POINTS = 80;
/** Of an answer that took long, the next is asked for after this many times as long. */
const PATIENCE = 4;

export interface Followed {
  search: Search | null;
  curves: TrialCurves["runs"];
  importance: Importance | null;
  problem: string | null;
  reload: () => void;
}

export function useSearch(id: number): Followed {
  const [search, setSearch] = useState<Search | null>(null);
  const [curves, setCurves] = useState<TrialCurves["runs"]>({});
  const [importance, setImportance] = useState<Importance | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const again = useRef<() => void>(() => undefined);
  useEffect(() => {
    let left = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let turn = 0;
    /** What was shown last: how far each trial was, and how many the importance knew of. */
    let known = { steps: "", told: -1 };
    setSearch(null);
    setCurves({});
    setImportance(null);
    setProblem(null);

    const look = async () => {
      const mine = ++turn;
      const began = performance.now();
      let next = CALM_MS;
      try {
        // At first the curves are asked for with the search; later only when some trial went on.
        const early = known.steps === "" ? getTrialCurves(id, POINTS) : null;
        early?.catch(() => undefined);
        const found = await getSearch(id);
        if (left || mine !== turn) return;
        setSearch(found);
        const steps = found.trials.map((trial) => `${trial.run_id}:${trial.step}`).join();
        if (steps !== known.steps) {
          const { runs } = await (early ?? getTrialCurves(id, POINTS));
          if (left || mine !== turn) return;
          setCurves(runs);
        }
        const finished = found.trials.filter((trial) => trial.fits).length;
        // It takes a while with many trials, and moves little with one more.
        const asks = finished !== known.told && (!isLive(found) || finished >= known.told * 1.1);
        if (asks) getImportance(id).then((told) => left || setImportance(told)).catch(() => undefined);
        known = { steps, told: asks ? finished : known.told };
        if (isLive(found)) next = Math.max(LIVE_MS, PATIENCE * (performance.now() - began));
      } catch (error) {
        if (left || mine !== turn) return;
        if (error instanceof Refused) setProblem(error.message);
      }
      if (!left && mine === turn) timer = setTimeout(() => void look(), next);
    };
    const start = () => {
      clearTimeout(timer);
      if (!document.hidden) void look();
    };
    again.current = start;
    start();
    document.addEventListener("visibilitychange", start);
    return () => {
      left = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", start);
    };
  }, [id]);
  const reload = useCallback(() => again.current(), []);
  return { search, curves, importance, problem, reload };
}
