/** Where the run can go back to, and the branches that left it. */
import { useMemo, useState } from "react";
import { pinCheckpoint } from "../api/client";
import type { Checkpoint, FamilyMember } from "../api/types";
import { openDialog } from "../state/dialogs";
import { fromWireNumber } from "../state/curves";
import { go, runAddress } from "../state/address";
import * as steer from "../state/steer";
import { usePage, usePageCalmly } from "../state/store";
import { toastProblem } from "../state/toasts";
import { useWatching } from "../state/watching";
import { ago, bytes, measured, whole } from "../text/numbers";
import { BranchMap } from "./BranchMap";
import { Icon } from "./Icon";
import type { TreeLine } from "./Tree";
import { Tree } from "./Tree";

export function CheckpointsPanel() {
  const run = usePageCalmly((page) => page.open?.run ?? null);
  const own = usePage((page) => page.open?.checkpoints);
  const inherited = usePage((page) => page.open?.inheritedCheckpoints);
  const family = usePage((page) => page.open?.family ?? null);
  const watching = useWatching();
  const [selected, setSelected] = useState<string | null>(null);
  const id = run?.id ?? 0;
  const kept = useMemo(() => [...(inherited ?? []), ...(own ?? [])].filter((one) => !one.removed).reverse(), [own, inherited]);
  const lines = useMemo(() => linesOf(kept, family?.runs ?? [], id), [kept, family, id]);
  if (!run) return null;
  const chosen = kept.find((one) => `c${one.id}` === selected) ?? null;
  const usable = chosen?.valid === true;
  return (
    <section className="panel checkpoints" aria-labelledby="checkpoints">
      <div className="panel-head">
        <h2 id="checkpoints">Checkpoints and branches</h2>
        {watching ? null : (
          <div className="tools">
            <button
              type="button"
              className="button"
              aria-label="Rewind to checkpoint"
              aria-disabled={!usable}
              onClick={() => {
                if (chosen && usable) void steer.rewind(run, chosen.id);
              }}
            >
              <Icon name="undo" /> Rewind
            </button>
            <button
              type="button"
              className="button"
              aria-label="Fork from checkpoint"
              aria-disabled={!usable}
              onClick={() => {
                if (chosen && usable) openDialog({ kind: "fork", checkpoint: chosen });
              }}
            >
              <Icon name="fork" /> Fork
            </button>
            <button
              type="button"
              className="button"
              aria-label="Litter from checkpoint"
              title="Many trials that all begin with these weights"
              aria-disabled={!usable}
              onClick={() => {
                if (chosen && usable) go(`/caviar?from=${chosen.run_id}&checkpoint=${chosen.id}`);
              }}
            >
              <Icon name="eggs" /> Litter
            </button>
          </div>
        )}
      </div>
      <BranchMap selected={chosen} onSelect={(one) => setSelected(`c${one.id}`)} />
      {kept.length === 0 ? (
        <p className="muted empty-text">No checkpoint yet. One is written before every change, at a pause and at the end.</p>
      ) : null}
      <Tree
        label="Checkpoints"
        lines={lines}
        selected={selected}
        onSelect={(key) => {
          setSelected(key);
          if (key.startsWith("r")) go(runAddress(Number(key.slice(1))));
        }}
      />
      {chosen ? <Chosen checkpoint={chosen} /> : null}
    </section>
  );
}

/** Each branch with the checkpoints this run can go back to, newest on top. */
function linesOf(kept: Checkpoint[], family: FamilyMember[], here: number): TreeLine[] {
  const linesOfRun = (id: number, level: number): TreeLine[] =>
    kept.filter((one) => one.run_id === id).map((one) => ({ key: `c${one.id}`, level, ...checkpointLine(one) }));
  if (family.length < 2) return linesOfRun(here, 1);
  return family.flatMap((member) => {
    const state = [member.live ? "live" : "", member.status, member.id === here ? "shown" : ""].filter(Boolean).join(", ");
    const from = member.parent ? `, left at step ${whole(member.parent.step)}` : "";
    const head: TreeLine = {
      key: `r${member.id}`,
      level: 1,
      name: `Branch ${member.name}, ${state}${from}, step ${whole(member.step)}`,
      content: (
        <>
          <span className={member.live ? "tree-dot live" : "tree-dot hollow"} aria-hidden="true" />
          <b>{member.name}</b>
          <span className={`small-status status-${member.status}`}>{member.status}</span>
          {member.live ? <span className="badge">live</span> : null}
          <span className="muted numbers tree-end">
            {member.parent ? `from ${whole(member.parent.step)} ` : ""}→ {whole(member.step)}
          </span>
        </>
      ),
    };
    return [head, ...linesOfRun(member.id, 2)];
  });
}

const CAUSES: Record<string, string> = {
  start: "start",
  timer: "timer",
  change: "before a change",
  best: "best so far",
  user: "saved by you",
  pause: "pause",
  end: "end",
};

function checkpointLine(one: Checkpoint): Pick<TreeLine, "name" | "content"> {
  const cost = one.val_cost === null ? "" : `, val ${measured(fromWireNumber(one.val_cost))}`;
  const best = one.best ? ", best" : "";
  const broken = one.valid ? "" : ", incomplete";
  return {
    name: `Checkpoint step ${whole(one.step)}${cost}${best}${broken}`,
    content: (
      <>
        <span className={one.best ? "tree-dot best" : "tree-dot"} aria-hidden="true">
          {one.best ? "★" : ""}
        </span>
        <span className="numbers tree-step">{whole(one.step)}</span>
        <span className="numbers">{one.val_cost === null ? "" : `val ${measured(fromWireNumber(one.val_cost))}`}</span>
        {one.best ? <span className="badge">best</span> : null}
        {one.valid ? null : <span className="badge bad">incomplete</span>}
        {one.pinned ? <Icon name="pin" /> : null}
        <span className="muted tree-end">{CAUSES[one.cause] ?? one.cause}</span>
      </>
    ),
  };
}

function Chosen({ checkpoint }: { checkpoint: Checkpoint }) {
  const runId = checkpoint.run_id;
  const watching = useWatching();
  return (
    <p className="chosen-line muted numbers">
      <span>
        Step {whole(checkpoint.step)} · {bytes(checkpoint.bytes)} · {ago(checkpoint.at, Date.now())}
      </span>
      {checkpoint.weights_sha256 ? (
        <span title={`weights SHA-256 ${checkpoint.weights_sha256}`}>
          weights <code>{checkpoint.weights_sha256.slice(0, 10)}</code>
        </span>
      ) : null}
      {watching ? null : (
        <button
          type="button"
          className="button quiet small"
          aria-pressed={checkpoint.pinned}
          onClick={() => pinCheckpoint(checkpoint.id, !checkpoint.pinned).catch(toastProblem)}
          data-run={runId}
        >
          <Icon name="pin" /> {checkpoint.pinned ? "Kept for good" : "Keep for good"}
        </button>
      )}
    </p>
  );
}
