/** The search space, by tiers: what is searched, from where to where, and what fifty draws of it look like. */
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import type { Preview } from "../../../api/searches";
import type { Hyperparameter } from "../../../api/types";
import { Icon } from "../../../ui/Icon";
import { gridText } from "../grid";
import * as layout from "./row.module.css";
import * as styles from "./SpaceEditor.module.css";
import { SpaceRow } from "./SpaceRow";
import type { ReadSpace, Row } from "./space";
import { rowOf } from "./space";

export interface SpaceEditorProps {
  declared: Hyperparameter[];
  rows: Row[];
  read: ReadSpace;
  /** Sentences by "name.field", the server's among them. */
  problems: Record<string, string>;
  preview: Preview | null;
  grid: boolean;
  words: string | null;
  onRows: (rows: Row[]) => void;
  children: React.ReactNode;
}

const TIER_WORDS = { 1: "Tier 1: matters most", 2: "Tier 2", 3: "Tier 3: rarely worth searching" };

export function SpaceEditor(props: SpaceEditorProps) {
  const { declared, rows, read, problems, preview, grid, onRows } = props;
  const shown = rows.flatMap((row) => {
    const hyperparameter = declared.find((item) => item.name === row.name);
    return hyperparameter ? [{ row, hyperparameter }] : [];
  });
  const deciding = shown.filter(
    ({ hyperparameter }) => hyperparameter.kind === "choice" || hyperparameter.kind === "bool",
  );
  const change = (row: Row) => onRows(rows.map((other) => (other.name === row.name ? row : other)));
  return (
    <section className="panel" aria-labelledby="space">
      <div className="panel-head">
        <h2 id="space">Search space</h2>
        <div className="tools">{props.children}</div>
      </div>
      {props.words ? <p className={styles.origin}>{props.words}</p> : null}
      <div className={grid ? layout.withPoints : undefined}>
        <div className={`${layout.row} ${layout.headline}`} aria-hidden="true">
          <span>parameter</span>
          <span>role</span>
          <span>scale</span>
          <span>low</span>
          <span />
          <span>high</span>
          {grid ? <span>points</span> : null}
          <span>{grid ? "points of the grid" : "50 draws"}</span>
          <span />
        </div>
        {([1, 2, 3] as const).map((tier) => {
          const ofTier = shown.filter(({ hyperparameter }) => hyperparameter.tier === tier);
          return ofTier.length === 0 ? null : (
            <fieldset key={tier} className={styles.spaceTier}>
              <legend className="tier-name">{TIER_WORDS[tier]}</legend>
              {ofTier.map(({ row, hyperparameter }) => (
                <SpaceRow
                  key={row.name}
                  row={row}
                  hyperparameter={hyperparameter}
                  deciding={deciding.filter((other) => other.hyperparameter.name !== hyperparameter.name)}
                  part={read.space[row.name]}
                  samples={preview?.draws[row.name]}
                  grid={grid}
                  problems={problems}
                  warning={preview?.warnings
                    .filter((warning) => warning.name === row.name)
                    .map((warning) => warning.message)
                    .join(" ")}
                  onRow={change}
                  onRemove={() => onRows(rows.filter((other) => other.name !== row.name))}
                />
              ))}
            </fieldset>
          );
        })}
      </div>
      <div className={styles.spaceEnd}>
        <AddParameter
          declared={declared}
          rows={rows}
          onAdd={(hyperparameter) => onRows([...rows, newRow(hyperparameter)])}
        />
        <GridCells read={read} preview={preview} />
      </div>
    </section>
  );
}

/** What only some optimizers have is added as what depends on them. */
function newRow(hyperparameter: Hyperparameter): Row {
  const row = rowOf(hyperparameter, hyperparameter.default);
  if (!hyperparameter.optimizers || hyperparameter.optimizers.length > 2) return row;
  return { ...row, role: "conditional", when: { name: "optimizer", values: hyperparameter.optimizers } };
}

function AddParameter({
  declared,
  rows,
  onAdd,
}: {
  declared: Hyperparameter[];
  rows: Row[];
  onAdd: (hyperparameter: Hyperparameter) => void;
}) {
  const left = declared.filter((hyperparameter) => !rows.some((row) => row.name === hyperparameter.name));
  return (
    <MenuTrigger>
      <Button className="button" isDisabled={left.length === 0}>
        <Icon name="plus" /> Add parameter
      </Button>
      <Popover className="popover" placement="bottom start">
        <Menu
          className="menu"
          onAction={(key) => {
            const hyperparameter = left.find((item) => item.name === key);
            if (hyperparameter) onAdd(hyperparameter);
          }}
        >
          {left.map((hyperparameter) => (
            <MenuItem
              key={hyperparameter.name}
              id={hyperparameter.name}
              className="option"
              textValue={hyperparameter.label}
            >
              <span>{hyperparameter.label}</span>
              <small className="muted">tier {hyperparameter.tier}</small>
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

/** How fast a grid grows, also for those who take another method because of it. */
function GridCells({ read, preview }: { read: ReadSpace; preview: Preview | null }) {
  const text = gridText(read);
  if (text === null)
    return <p className="muted small-text">Nothing is searched yet: give a parameter the role “searched”.</p>;
  const many = (preview?.grid_cells ?? 0) > 100;
  return (
    <p className={many ? `${styles.gridCells} ${styles.manyCells}` : styles.gridCells}>
      <span className="muted">a whole grid:</span> <b className="numbers">{text}</b>{" "}
      <span className="muted">trainings</span>
    </p>
  );
}
