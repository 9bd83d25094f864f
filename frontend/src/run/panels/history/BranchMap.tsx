/** The family as a small map: a line per branch, a dot per checkpoint. The tree below says the same in words. */
import type { Checkpoint, FamilyMember } from "../../../api/types";
import { usePageThrottled } from "../../../state/store";
import * as styles from "./BranchMap.module.css";

const ROW_PX = 26;
const WIDTH = 1000; // units of the drawing; it stretches with the panel

interface Row {
  member: FamilyMember;
  row: number;
}

/** The live branch on top, each child below its parent. */
function rowsOf(runs: FamilyMember[]): Row[] {
  const rows: Row[] = [];
  const addRow = (member: FamilyMember) => {
    rows.push({ member, row: rows.length });
    for (const child of runs) if (child.parent?.run_id === member.id) addRow(child);
  };
  for (const root of runs) if (!runs.some((run) => run.id === root.parent?.run_id)) addRow(root);
  return rows;
}

export interface BranchMapProps {
  selected: Checkpoint | null;
  onSelect: (checkpoint: Checkpoint) => void;
}

export function BranchMap({ selected, onSelect }: BranchMapProps) {
  const open = usePageThrottled((page) => page.open);
  if (!open?.family) return null;
  const { family, run, checkpoints } = open;
  const rows = rowsOf(
    family.runs.map((member) => (member.id === run.id ? { ...member, step: run.step } : member)),
  );
  const most = Math.max(
    10,
    ...rows.map(({ member }) => member.step),
    run.steps <= run.step * 1.5 ? run.steps : 0,
  );
  const x = (step: number): number => 14 + (step / most) * (WIDTH - 28);
  const y = (row: number): number => ROW_PX / 2 + row * ROW_PX;
  const rowOf = (id: number): number => rows.find(({ member }) => member.id === id)?.row ?? 0;
  return (
    <div className={styles.branchMap} aria-hidden="true">
      <svg
        aria-hidden="true"
        viewBox={`0 0 ${WIDTH} ${rows.length * ROW_PX}`}
        preserveAspectRatio="none"
        height={rows.length * ROW_PX}
      >
        {rows.map(({ member, row }) => {
          const from = member.parent?.step ?? 0;
          const parentRow = member.parent ? rowOf(member.parent.run_id) : row;
          const kind = member.id === run.id ? "here" : member.live ? "live" : "left";
          return (
            <g key={member.id} className={styles.branch} data-branch={kind}>
              {parentRow !== row ? (
                <path d={`M${x(from)} ${y(parentRow)}V${y(row)}`} vectorEffect="non-scaling-stroke" />
              ) : null}
              <path
                d={`M${x(from)} ${y(row)}H${x(Math.max(member.step, from))}`}
                vectorEffect="non-scaling-stroke"
              />
            </g>
          );
        })}
      </svg>
      {[...open.inheritedCheckpoints, ...checkpoints]
        .filter((checkpoint) => !checkpoint.removed)
        .map((checkpoint) => (
          <button
            key={checkpoint.id}
            type="button"
            tabIndex={-1}
            className={styles.mapDot}
            data-best={checkpoint.best || undefined}
            data-chosen={checkpoint.id === selected?.id || undefined}
            style={{ left: `${x(checkpoint.step) / 10}%`, top: y(rowOf(checkpoint.run_id)) }}
            onClick={() => onSelect(checkpoint)}
          />
        ))}
      {rows.map(({ member, row }) => (
        <span
          key={member.id}
          className={member.live ? `${styles.mapHead} live` : styles.mapHead}
          style={{ left: `${x(Math.max(member.step, member.parent?.step ?? 0)) / 10}%`, top: y(row) }}
        />
      ))}
    </div>
  );
}
