/** What the run does now, as an icon and a word; never colour alone. */

import { useEffect, useState } from "react";
import type { Connection } from "../api/types";
import { stepsOf } from "../domain/declaration";
import { reasonText } from "../domain/journal";
import { rounded, whole } from "../format/numbers";
import type { OpenRun } from "../state/state";
import { usePage, usePageThrottled } from "../state/store";
import type { ChipText } from "../ui/chipText";
import { Icon } from "../ui/Icon";
import * as styles from "./StatusChip.module.css";

/** Without news for this long, or ten median steps, a running training is called stale, ms. */
const STALE_MS = 5000;

function staleFor(open: OpenRun, now: number): number | null {
  if (open.run.status !== "running") return null;
  const stepMs = 1000 / Math.max(1e-6, open.run.steps_per_s ?? 1);
  const silence = now - open.lastMessageAt;
  return silence > Math.max(STALE_MS, 10 * stepMs) ? silence / 1000 : null;
}

function chipText(open: OpenRun, connection: Connection, stale: boolean): ChipText {
  const { run, sentCommands } = open;
  if (connection === "reconnecting") return { icon: "warn", word: "Reconnecting…", tone: "busy" };
  if (stale) return { icon: "ring", word: "Stale", tone: "busy" };
  if (sentCommands.some((command) => command.kind === "pause") && run.status === "running") {
    return { icon: "pause", word: "Pausing…", tone: "busy" };
  }
  if (sentCommands.some((command) => command.kind === "stop"))
    return { icon: "stop", word: "Stopping…", tone: "busy" };
  switch (run.status) {
    case "queued":
      return { icon: "clock", word: "Queued", tone: "busy" };
    case "starting":
      return { icon: "ring", word: "Starting…", tone: "busy" };
    case "running":
      return { icon: "dot", word: "Training", tone: "good" };
    case "paused":
      return run.reason && run.reason !== "user"
        ? { icon: "warn", word: `Auto-paused: ${reasonText(run.reason)}`, tone: "bad" }
        : { icon: "pause", word: "Paused", tone: "calm" };
    case "finished":
      return { icon: "check", word: "Finished", tone: "good" };
    case "stopped":
      return { icon: "stop", word: "Stopped", tone: "calm" };
    case "failed":
      return { icon: "warn", word: "Failed", tone: "bad" };
    case "lost":
      return { icon: "warn", word: "Process lost", tone: "bad" };
  }
}

export function StatusChip() {
  const open = usePageThrottled((page) => page.open);
  usePage((page) => `${page.open?.run.status} ${page.open?.run.reason} ${page.open?.sentCommands.length}`); // at once
  const connection = usePage((page) => page.connection);
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const stale = open ? staleFor(open, now) : null;
  const chip = open ? chipText(open, connection, stale !== null) : null;
  return (
    <div className="status">
      <div role="status" aria-label="Run status" aria-live="polite" className="chip" data-tone={chip?.tone}>
        {chip ? (
          <>
            <Icon name={chip.icon} />
            <span>{chip.word}</span>
          </>
        ) : (
          <span>No run open</span>
        )}
      </div>
      {open ? <Progress open={open} stale={stale} /> : null}
    </div>
  );
}

/** The counters next to the chip; outside the live region, or they would be spoken 10 times a second. */
function Progress({ open, stale }: { open: OpenRun; stale: number | null }) {
  const { run } = open;
  const step = Math.max(run.step, open.curves.lastStep);
  const steps = stepsOf(run);
  return (
    <p className={`${styles.progress} numbers`}>
      <span>
        step <b>{whole(step)}</b>
        {steps === null ? null : <span className="muted"> of {whole(steps)}</span>}
      </span>
      {run.epoch !== null && (run.epoch > 0 || !run.script) ? (
        <span className="wide-only">epoch {whole(Math.floor(run.epoch))}</span>
      ) : null}
      {stale !== null ? (
        <span>no data for {whole(stale)} s</span>
      ) : run.status === "running" && run.steps_per_s ? (
        <span>{rounded(run.steps_per_s)} steps/s</span>
      ) : null}
    </p>
  );
}
