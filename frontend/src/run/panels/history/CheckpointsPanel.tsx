/** Where the run can go back to, and the branches that left it. */

import { useMemo, useState } from "react";
import { deleteCheckpoint, pinCheckpoint } from "../../../api/client";
import { fromWireNumber } from "../../../api/number";
import { VAL_COST } from "../../../api/objective";
import type { Checkpoint, FamilyMember } from "../../../api/types";
import { storageWords } from "../../../domain/checkpointStorage";
import { ago, bytes, measured, whole } from "../../../format/numbers";
import { seriesWord } from "../../../format/objective";
import * as commands from "../../../state/commands/commands";
import { openDialog } from "../../../state/dialogs";
import { useIsViewer } from "../../../state/permissions";
import { COMPARED_MAX, comparePath, navigate, runPath } from "../../../state/route";
import { usePage, usePageThrottled } from "../../../state/store";
import { toastError } from "../../../state/toasts";
import { ActionButton } from "../../../ui/ActionButton";
import { ConfirmButton } from "../../../ui/ConfirmButton";
import { Icon } from "../../../ui/Icon";
import { Link } from "../../../ui/Link";
import { StatusText } from "../../../ui/StatusText";
import type { TreeLine } from "../../../ui/Tree";
import { Tree } from "../../../ui/Tree";
import { BranchMap } from "./BranchMap";
import * as styles from "./CheckpointsPanel.module.css";

export function CheckpointsPanel() {
  const run = usePageThrottled((page) => page.open?.run ?? null);
  const own = usePage((page) => page.open?.checkpoints);
  const inherited = usePage((page) => page.open?.inheritedCheckpoints);
  const family = usePage((page) => page.open?.family ?? null);
  const isViewer = useIsViewer();
  const [selected, setSelected] = useState<string | null>(null);
  const id = run?.id ?? 0;
  const available = useMemo(
    () => [...(inherited ?? []), ...(own ?? [])].filter((checkpoint) => !checkpoint.removed).reverse(),
    [own, inherited],
  );
  const objective = run?.objective ?? VAL_COST;
  const lines = useMemo(
    () => linesOf(available, family?.runs ?? [], id, objective),
    [available, family, id, objective],
  );
  if (!run) return null;
  const chosen = available.find((checkpoint) => `c${checkpoint.id}` === selected) ?? null;
  const usable = chosen?.valid === true;
  return (
    <section className={`panel ${styles.checkpoints}`} aria-labelledby="checkpoints">
      <div className="panel-head">
        <h2 id="checkpoints">Checkpoints and branches</h2>
        {isViewer ? null : (
          <div className="tools">
            <ActionButton
              icon="undo"
              label="Rewind to checkpoint"
              enabled={usable}
              onPress={() => chosen && void commands.rewind(run, chosen.id)}
            >
              Rewind
            </ActionButton>
            <ActionButton
              icon="fork"
              label="Fork from checkpoint"
              enabled={usable}
              onPress={() => chosen && openDialog({ kind: "fork", checkpoint: chosen })}
            >
              Fork
            </ActionButton>
            <ActionButton
              icon="eggs"
              label="Search from checkpoint"
              title="Many trials that all start from these weights"
              enabled={usable}
              onPress={() => chosen && navigate(`/caviar?from=${chosen.run_id}&checkpoint=${chosen.id}`)}
            >
              Search from here
            </ActionButton>
          </div>
        )}
      </div>
      {family && family.runs.length > 1 ? (
        <p className={styles.compare}>
          <Link to={comparePath(branchesToCompare(family.runs, run.id))} className="button quiet small">
            Compare branches
          </Link>
        </p>
      ) : null}
      <BranchMap selected={chosen} onSelect={(checkpoint) => setSelected(`c${checkpoint.id}`)} />
      {available.length === 0 ? (
        <p className="muted empty-text">
          No checkpoint yet. One is written before every change, at a pause and at the end.
        </p>
      ) : null}
      <Tree
        label="Checkpoints"
        lines={lines}
        selected={selected}
        onSelect={(key) => {
          setSelected(key);
          if (key.startsWith("r")) navigate(runPath(Number(key.slice(1))));
        }}
      />
      {chosen ? (
        <Chosen checkpoint={chosen} isOver={chosen.run_id === id && run.allowed.includes("fork")} />
      ) : null}
    </section>
  );
}

/** This branch and the newest others, as many as can be told apart. */
const branchesToCompare = (family: FamilyMember[], here: number): number[] => [
  here,
  ...family
    .map((member) => member.id)
    .filter((id) => id !== here)
    .slice(1 - COMPARED_MAX),
];

/** Each branch with the checkpoints this run can go back to, newest on top. */
function linesOf(
  available: Checkpoint[],
  family: FamilyMember[],
  here: number,
  objective: string,
): TreeLine[] {
  const linesOfRun = (id: number, level: number): TreeLine[] =>
    available
      .filter((checkpoint) => checkpoint.run_id === id)
      .map((checkpoint) => ({ key: `c${checkpoint.id}`, level, ...checkpointLine(checkpoint, objective) }));
  if (family.length < 2) return linesOfRun(here, 1);
  return family.flatMap((member) => {
    const state = [member.live ? "live" : "", member.status, member.id === here ? "shown" : ""]
      .filter(Boolean)
      .join(", ");
    const from = member.parent ? `, forked at step ${whole(member.parent.step)}` : "";
    const head: TreeLine = {
      key: `r${member.id}`,
      level: 1,
      name: `Branch ${member.name}, ${state}${from}, step ${whole(member.step)}`,
      content: (
        <>
          <span
            className={member.live ? `${styles.treeDot} live` : `${styles.treeDot} hollow`}
            aria-hidden="true"
          />
          <b>{member.name}</b>
          <StatusText status={member.status}>{member.status}</StatusText>
          {member.live ? <span className="badge">live</span> : null}
          <span className={`muted numbers ${styles.treeEnd}`}>
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

/** objective: the series of the second number of a checkpoint, if it has two. */
function checkpointLine(checkpoint: Checkpoint, objective: string): Pick<TreeLine, "name" | "content"> {
  const numberText = (word: string, value: Checkpoint["val_cost"]): string =>
    value === null ? "" : `${word} ${measured(fromWireNumber(value))}`;
  const cost = numberText("val", checkpoint.val_cost);
  const value = numberText(seriesWord(objective), checkpoint.objective_value);
  const numbers = [cost, value].filter(Boolean).map((text) => `, ${text}`);
  const best = checkpoint.best ? ", best" : "";
  const broken = checkpoint.valid ? "" : ", incomplete";
  return {
    name: `Checkpoint step ${whole(checkpoint.step)}${numbers.join("")}${best}${broken}`,
    content: (
      <>
        <span className={checkpoint.best ? `${styles.treeDot} best` : styles.treeDot} aria-hidden="true">
          {checkpoint.best ? "★" : ""}
        </span>
        <span className={`numbers ${styles.treeStep}`}>{whole(checkpoint.step)}</span>
        <span className="numbers">{value || cost}</span>
        {checkpoint.best ? <span className="badge">best</span> : null}
        {checkpoint.valid ? null : <span className={`badge ${styles.bad}`}>incomplete</span>}
        {checkpoint.pinned ? <Icon name="pin" /> : null}
        <span className={`muted ${styles.treeEnd}`}>{CAUSES[checkpoint.cause] ?? checkpoint.cause}</span>
      </>
    ),
  };
}

/** isOver: whether its run is, so that it may be deleted. */
function Chosen({ checkpoint, isOver }: { checkpoint: Checkpoint; isOver: boolean }) {
  const runId = checkpoint.run_id;
  const isViewer = useIsViewer();
  return (
    <p className={`${styles.chosenLine} muted numbers`}>
      <span>
        Step {whole(checkpoint.step)} · {bytes(checkpoint.bytes)} · {ago(checkpoint.at, Date.now())}
      </span>
      {checkpoint.weights_sha256 ? (
        <span title={`weights SHA-256 ${checkpoint.weights_sha256}`}>
          weights <code>{checkpoint.weights_sha256.slice(0, 10)}</code>
        </span>
      ) : null}
      {checkpoint.storage ? <span>{storageWords(checkpoint.storage)}</span> : null}
      {isViewer ? null : (
        <button
          type="button"
          className="button quiet small"
          aria-pressed={checkpoint.pinned}
          onClick={() => pinCheckpoint(checkpoint.id, !checkpoint.pinned).catch(toastError)}
          data-run={runId}
        >
          <Icon name="pin" /> {checkpoint.pinned ? "Kept for good" : "Keep for good"}
        </button>
      )}
      {isViewer || checkpoint.pinned || !isOver ? null : (
        <ConfirmButton
          icon="trash"
          word="Delete…"
          label={`Delete checkpoint ${whole(checkpoint.step)}`}
          ask={() => Promise.resolve(`Delete it and free ${bytes(checkpoint.bytes)}?`)}
          confirm="Delete for good"
          onConfirm={() => deleteCheckpoint(checkpoint.id).catch(toastError)}
        />
      )}
    </p>
  );
}
