/** One hyperparameter of the space: what role it plays, on which scale, from where to where. */
import { useId } from "react";
import type { SpacePart } from "../../../api/searches";
import type { Hyperparameter, Value } from "../../../api/types";
import { valueText } from "../../../format/hyperparameters";
import { Icon } from "../../../ui/Icon";
import { lowerFirst, SCALE_WORDS } from "../../labels";
import { ConditionFields } from "./ConditionFields";
import * as layout from "./row.module.css";
import { SampleStrip } from "./SampleStrip";
import * as styles from "./SpaceRow.module.css";
import type { Role, Row } from "./space";
import { choicesOf, scalesOf } from "./space";

export interface SpaceRowProps {
  row: Row;
  hyperparameter: Hyperparameter;
  /** The rows another's values can decide about. */
  deciding: { hyperparameter: Hyperparameter; row: Row }[];
  part: SpacePart | undefined;
  samples: Value[] | undefined;
  grid: boolean;
  problems: Record<string, string>;
  warning: string | undefined;
  onRow: (row: Row) => void;
  onRemove: () => void;
}

const ROLES: { id: Role; word: string }[] = [
  { id: "searched", word: "searched" },
  { id: "fixed", word: "fixed" },
  { id: "conditional", word: "conditional" },
];

export function SpaceRow(props: SpaceRowProps) {
  const { row, hyperparameter, part, samples, grid, problems, warning, onRow } = props;
  const label = lowerFirst(hyperparameter.label);
  const set = (change: Partial<Row>) => onRow({ ...row, ...change });
  const wrong = ["low", "high", "values", "fixed", "points", "when", ""].flatMap(
    (field) => problems[field ? `${row.name}.${field}` : row.name] ?? [],
  );
  const problemId = useId();
  return (
    <div className={layout.row} data-role={row.role} role="group" aria-label={hyperparameter.label}>
      <div className={styles.spaceName} title={hyperparameter.help}>
        <b>{hyperparameter.label}</b>{" "}
        {hyperparameter.symbol && !hyperparameter.label.includes(hyperparameter.symbol) ? (
          <i className="symbol">{hyperparameter.symbol}</i>
        ) : null}
        <span className="badge">tier {hyperparameter.tier}</span>
      </div>
      <select
        className={`select ${styles.spaceRole}`}
        aria-label={`Role of ${label}`}
        value={row.role}
        onChange={(event) => set({ role: event.target.value as Role })}
      >
        {ROLES.map(({ id, word }) => (
          <option key={id} value={id}>
            {word}
          </option>
        ))}
      </select>
      {row.role === "fixed" ? (
        <Fixed
          row={row}
          hyperparameter={hyperparameter}
          problemId={wrong.length > 0 ? problemId : undefined}
          onRow={set}
        />
      ) : (
        <Searched {...props} problemId={wrong.length > 0 ? problemId : undefined} onChange={set} />
      )}
      <div className={styles.spaceDraws}>
        {row.role === "fixed" ? null : (
          <SampleStrip declared={hyperparameter} part={part} samples={samples} grid={grid} />
        )}
      </div>
      <button
        type="button"
        className={`button quiet square ${styles.spaceRemove}`}
        aria-label={`Remove ${label}`}
        title="Leave it as the task has it"
        onClick={props.onRemove}
      >
        <Icon name="close" />
      </button>
      {row.role === "conditional" ? (
        <ConditionFields row={row} label={label} deciding={props.deciding} onRow={set} />
      ) : null}
      {wrong.length > 0 ? (
        <p id={problemId} className={`problem ${layout.said}`} role="alert">
          {wrong.join(" ")}
        </p>
      ) : null}
      {warning && wrong.length === 0 && row.role !== "fixed" ? (
        <p className={`${layout.said} ${styles.spaceWarning}`} role="status">
          <Icon name="warn" /> {warning}
        </p>
      ) : null}
    </div>
  );
}

function Searched({
  row,
  hyperparameter,
  grid,
  problems,
  problemId,
  onChange,
}: SpaceRowProps & { problemId: string | undefined; onChange: (change: Partial<Row>) => void }) {
  const label = lowerFirst(hyperparameter.label);
  const text = (field: "low" | "high" | "values" | "points", name: string) => (
    <input
      className="field numbers"
      aria-label={name}
      inputMode={field === "values" ? "text" : "decimal"}
      autoComplete="off"
      spellCheck={false}
      value={row[field]}
      aria-invalid={problems[`${row.name}.${field}`] !== undefined}
      aria-describedby={problemId}
      onChange={(event) => onChange({ [field]: event.target.value })}
    />
  );
  const scales = scalesOf(hyperparameter);
  return (
    <>
      <select
        className={`select ${styles.spaceScale}`}
        aria-label={`Scale of ${label}`}
        value={row.scale}
        disabled={scales.length < 2}
        onChange={(event) => onChange({ scale: event.target.value as Row["scale"] })}
      >
        {scales.map((scale) => (
          <option key={scale} value={scale}>
            {scale === "values" && hyperparameter.kind === "choice"
              ? "choices"
              : hyperparameter.kind === "int" && scale !== "values"
                ? `${SCALE_WORDS[scale]}, whole`
                : SCALE_WORDS[scale]}
          </option>
        ))}
      </select>
      {row.scale === "values" ? (
        hyperparameter.kind === "choice" || hyperparameter.kind === "bool" ? (
          <Choices row={row} hyperparameter={hyperparameter} onChange={onChange} />
        ) : (
          <div className={layout.list}>{text("values", `Values of ${label}`)}</div>
        )
      ) : (
        <>
          <div className={styles.spaceLow}>{text("low", `Lowest ${label}`)}</div>
          <span className="muted" aria-hidden="true">
            –
          </span>
          <div className={styles.spaceHigh}>{text("high", `Highest ${label}`)}</div>
          {grid ? (
            <div className={styles.spacePoints}>{text("points", `Grid points of ${label}`)}</div>
          ) : null}
        </>
      )}
    </>
  );
}

function Choices({
  row,
  hyperparameter,
  onChange,
}: {
  row: Row;
  hyperparameter: Hyperparameter;
  onChange: (change: Partial<Row>) => void;
}) {
  const chosen = row.values.split(" ").filter(Boolean);
  return (
    <div
      className={`${layout.list} ${styles.spaceChoices}`}
      role="group"
      aria-label={`Choices of ${lowerFirst(hyperparameter.label)}`}
    >
      {choicesOf(hyperparameter).map((choice) => {
        const text = String(choice);
        return (
          <label key={text} className="check">
            <input
              type="checkbox"
              checked={chosen.includes(text)}
              onChange={(event) =>
                onChange({
                  values: choicesOf(hyperparameter)
                    .map(String)
                    .filter((other) => (other === text ? event.target.checked : chosen.includes(other)))
                    .join(" "),
                })
              }
            />
            {valueText(hyperparameter.name, choice)}
          </label>
        );
      })}
    </div>
  );
}

function Fixed({
  row,
  hyperparameter,
  problemId,
  onRow,
}: {
  row: Row;
  hyperparameter: Hyperparameter;
  problemId: string | undefined;
  onRow: (change: Partial<Row>) => void;
}) {
  const name = `Value of ${lowerFirst(hyperparameter.label)}`;
  return (
    <div className={layout.fixed}>
      <span className="muted small-text">at</span>
      {hyperparameter.kind === "choice" || hyperparameter.kind === "bool" ? (
        <select
          className="select"
          aria-label={name}
          value={row.fixed}
          onChange={(event) => onRow({ fixed: event.target.value })}
        >
          {choicesOf(hyperparameter).map((choice) => (
            <option key={String(choice)} value={String(choice)}>
              {valueText(hyperparameter.name, choice)}
            </option>
          ))}
        </select>
      ) : (
        <input
          className="field numbers"
          aria-label={name}
          inputMode="decimal"
          autoComplete="off"
          value={row.fixed}
          aria-invalid={problemId !== undefined}
          aria-describedby={problemId}
          onChange={(event) => onRow({ fixed: event.target.value })}
        />
      )}
    </div>
  );
}
