/** What a run that is over came to, in one sentence. Pure. */
import { fromWireNumber } from "../api/number";
import type { Run } from "../api/types";
import { metricName } from "../format/hyperparameters";
import { duration, measured, whole } from "../format/numbers";
import type { Series } from "./series";
import { lastStep, valueAt } from "./series";

/** An end so much above the best is named, as a part of the best. */
const WORSE_MIN = 0.02;

/** "Finished 1,000 steps in 1 s." */
export function finishText(run: Run): string {
  const word = run.status === "stopped" ? "Stopped after" : "Finished";
  const seconds = fromWireNumber(run.latest["active_s"]);
  // Of a branch, the recorded time and the steps are counted from the beginning of its ancestors.
  const time = Number.isFinite(seconds) && !run.parent ? ` in ${duration(seconds)}` : "";
  return `${word} ${whole(run.step)} steps${time}.`;
}

/** "Best val 0.119 at 660; the end is 0.164 (38 % worse: overfitting?)." Empty: nothing was measured. */
export function bestText(run: Run, val: Series | undefined, train: Series | undefined): string {
  const best = fromWireNumber(run.best?.value);
  const at = run.best?.step ?? 0;
  const end = val ? valueAt(val, run.step) : null;
  if (!Number.isFinite(best)) return "";
  const word = run.objective === "val/cost" ? "val" : metricName(run.objective);
  if (end === null || at >= lastStep(val)) return `Best ${word} ${measured(best)}, at the end.`;
  const worse = ((end - best) / Math.abs(best || 1)) * (run.mode === "max" ? -1 : 1);
  const found = `Best ${word} ${measured(best)} at ${whole(at)}; the end is ${measured(end)}`;
  if (!(worse > WORSE_MIN)) return `${found}.`;
  const [then, now] = [valueAt(train, at), valueAt(train, run.step)];
  // A validation cost that rises while the training cost falls on.
  const why = then !== null && now !== null && now < then ? ": overfitting?" : "";
  return `${found} (${whole(Math.round(worse * 100))} % worse${why}).`;
}
