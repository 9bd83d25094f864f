/** The runs that are compared, with their curves; what trains is asked for again and again. */
import { useEffect, useState } from "react";
import { getCurves, getRun, isAway } from "../api/client";
import { OVER } from "../domain/status";
import { seriesOf } from "../state/session/loadCurves";
import { dispatch } from "../state/store";
import type { ComparedRun } from "./comparison";

const POINTS = 500;
/** Training costs are averaged, or their noise would hide the other runs. */
const SMOOTH_STEPS = 20;
const REFRESH_MS = 2000;

async function load(id: number): Promise<ComparedRun> {
  const range = { points: POINTS, family: true };
  const [run, raw, smooth] = await Promise.all([
    getRun(id),
    getCurves(id, { ...range, series: "val/*,train/*" }),
    getCurves(id, { ...range, series: "train/cost", smooth_steps: SMOOTH_STEPS }),
  ]);
  return { run, raw: { ...seriesOf(raw), ...seriesOf(smooth) } };
}

export interface Comparison {
  runs: ComparedRun[] | null;
  problem: string | null;
}

export function useComparison(ids: number[]): Comparison {
  const [found, setFound] = useState<Comparison>({ runs: null, problem: null });
  const key = ids.join(",");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let cancelled = false;
    const ask = async () => {
      let again = true;
      try {
        const runs = await Promise.all(
          key
            .split(",")
            .filter(Boolean)
            .map((id) => load(Number(id))),
        );
        if (cancelled) return;
        setFound({ runs, problem: null });
        dispatch({ type: "connection", connection: "live" });
        again = runs.some(({ run }) => !OVER.includes(run.status));
      } catch (error) {
        if (cancelled) return;
        if (isAway(error)) dispatch({ type: "connection", connection: "reconnecting" });
        else setFound({ runs: null, problem: (error as Error).message });
        again = isAway(error);
      }
      if (again) timer = setTimeout(() => void ask(), REFRESH_MS);
    };
    void ask();
    return () => {
      cancelled = true;
      clearTimeout(timer);
    };
  }, [key]);
  return found;
}
