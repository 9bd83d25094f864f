/** What a change of the open run did to its costs, from the curves that are here, else from the server. */
import { useEffect, useState } from "react";
import { getCurves } from "../../api/client";
import type { EventOf } from "../../api/types";
import type { Effect } from "../../domain/changes/effect";
import { EFFECT_STEPS, effectOf } from "../../domain/changes/effect";
import { lastStepOf } from "../../domain/changes/undo";
import type { Series } from "../../domain/series";
import { lastStepBefore } from "../../format/changeTime";
import { seriesOf } from "../../state/session/loadCurves";
import { getPage, usePageThrottled } from "../../state/store";

export interface EffectOfChange {
  train: Effect | null;
  val: Effect | null;
  /** Whether another change came before the effect of this one could show. */
  isCut: boolean;
}

/** Curves of an old or long run are merged; read exactly, around the change alone. */
const COARSE_STEPS = 5;

export function useEffectOfChange(change: EventOf<"changed"> | null): EffectOfChange | null {
  const curves = usePageThrottled((page) => page.open?.curves);
  const [exact, setExact] = useState<{ id: number; raw: Record<string, Series> } | null>(null);
  const train = curves?.raw["train/cost"];
  const before = change ? lastStepBefore(change) : 0;
  const isCoarse = change !== null && train !== undefined && pointAt(train, before) > COARSE_STEPS;
  useEffect(() => {
    if (!change || !isCoarse) return undefined;
    let cancelled = false;
    const range = { from_step: Math.max(1, before - EFFECT_STEPS), to_step: before + EFFECT_STEPS };
    const series = "train/cost,val/cost";
    getCurves(change.run_id, { ...range, points: 1000, series })
      .then((found) => {
        if (!cancelled) setExact({ id: change.id, raw: seriesOf(found) });
      })
      .catch(() => undefined); // then the effect is not said
    return () => {
      cancelled = true;
    };
  }, [change, before, isCoarse]);
  if (!change || !curves) return null;
  const raw = exact?.id === change.id ? exact.raw : curves.raw;
  const open = getPage().open;
  const cut = lastStepOf([...(open?.inherited ?? []), ...(open?.events ?? [])], change);
  const last = raw["train/cost"]?.step.at(-1) ?? before;
  const to = Math.min(before + EFFECT_STEPS, cut, last);
  return {
    train: effectOf(raw["train/cost"], before, to),
    val: effectOf(raw["val/cost"], before, to),
    isCut: cut < before + EFFECT_STEPS,
  };
}

/** How many values are merged in the point at a step. */
const pointAt = (series: Series, step: number): number =>
  series.count[series.step.findIndex((other) => other >= step)] ?? 1;
