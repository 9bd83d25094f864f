/** What a tab in the background says of its run: in its title, by its icon, and as a notification. Pure. */
import type { Run, RunEvent } from "../../api/types";
import { reasonText } from "../../domain/journal";
import { measured, whole } from "../../format/numbers";
import { seriesWord } from "../../format/objective";

export type Badge = "none" | "alarm" | "done";

const FAILED = ["failed", "lost"];
/** Pauses that somebody has asked for, or will end by looking. */
const EXPECTED = ["user", "no_viewer"];

const pausedItself = (status: string, reason: string | null | undefined): boolean =>
  status === "paused" && reason !== null && reason !== undefined && !EXPECTED.includes(reason);

export function badgeOf({ status, reason }: Pick<Run, "status" | "reason">): Badge {
  if (FAILED.includes(status) || pausedItself(status, reason)) return "alarm";
  return status === "finished" ? "done" : "none";
}

/** "(!) Paused – kill-me – Babysit". */
export function titleOf(run: Pick<Run, "status" | "reason" | "name">): string {
  const words = {
    alarm: run.status === "paused" ? "(!) Paused – " : "✗ Failed – ",
    done: "✓ Finished – ",
    none: "",
  };
  return `${words[badgeOf(run)]}${run.name} – Babysit`;
}

/** The notification for an event; null: nobody has to come for it. */
export function noticeOf(run: Run, event: RunEvent): { title: string; text: string } | null {
  if (event.kind === "recovered") return { title: `${run.name} was recovered`, text: event.summary };
  if (event.kind !== "status_changed") return null;
  const at = `At step ${whole(event.step)}.`;
  if (FAILED.includes(event.status)) {
    return { title: `✗ ${run.name} failed`, text: event.reason ? `${at} ${event.reason}` : at };
  }
  if (pausedItself(event.status, event.reason)) {
    return { title: `(!) ${run.name} paused`, text: `${at} Reason: ${reasonText(event.reason ?? "")}.` };
  }
  if (event.status !== "finished") return null;
  const best = run.best ? ` Best ${seriesWord(run.objective)} ${measured(run.best.value)}.` : "";
  return { title: `✓ ${run.name} finished`, text: `${at}${best}` };
}
