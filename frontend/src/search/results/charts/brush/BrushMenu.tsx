/** Brushes without pulling: an axis, from, to. */
import { useId, useState } from "react";
import { Button, Dialog, DialogTrigger, Popover } from "react-aria-components";
import type { Objective } from "../../../../api/objective";
import type { Trial } from "../../../../api/searches";
import { parseNumber } from "../../../../format/parseNumber";
import { Icon } from "../../../../ui/Icon";
import type { Axis } from "../../../axes";
import { textOf, unitOf, VALUE_AXIS, valueAtUnit } from "../../../axes";
import * as styles from "./BrushMenu.module.css";
import type { Brushes } from "./brush";
import { bestPart, withBrush } from "./brush";

export interface BrushMenuProps {
  axes: Axis[];
  brushes: Brushes;
  /** The trials of the fits, best first. */
  ranked: readonly Trial[];
  mode: Objective["mode"];
  onBrush: (brushes: Brushes) => void;
}

export function BrushMenu(props: BrushMenuProps) {
  return (
    <DialogTrigger>
      <Button className="button">
        Brush <Icon name="down" />
      </Button>
      <Popover className={`popover ${styles.brushMenu}`} placement="bottom end">
        <Dialog aria-label="Brush an axis">{({ close }) => <BrushForm {...props} close={close} />}</Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function BrushForm({ axes, brushes, ranked, mode, onBrush, close }: BrushMenuProps & { close: () => void }) {
  const [name, setName] = useState(axes[0]?.name ?? "");
  const [problem, setProblem] = useState<string | null>(null);
  const id = useId();
  const axis = axes.find((axis) => axis.name === name);
  if (!axis) return null;
  const set = (to: [number, number] | null) => {
    onBrush(withBrush(brushes, axis.name, to));
    close();
  };
  const read = (form: HTMLFormElement) => {
    const fields = new FormData(form);
    if (axis.scale === "choice") {
      const i = Number(fields.get("choice"));
      return set([i / axis.choices.length, (i + 1) / axis.choices.length]);
    }
    const [from, to] = ["from", "to"].map((end) => unitOf(axis, parseNumber(String(fields.get(end)), NaN)));
    if (from == null || to == null || from >= to)
      return setProblem("Enter two numbers, the lower one first.");
    return set([Math.max(0, from), Math.min(1, to)]);
  };
  /** The worst value of the best quarter. */
  const quarter = ranked[Math.ceil(ranked.length / 4) - 1]?.value ?? null;
  const value = axes.find((axis) => axis.name === VALUE_AXIS);
  const limit = value ? unitOf(value, quarter) : null;
  return (
    <form
      key={name}
      className={styles.brushForm}
      onSubmit={(event) => {
        event.preventDefault();
        read(event.currentTarget);
      }}
    >
      <label className="labelled">
        <span>Axis</span>
        <select className="select" value={name} onChange={(event) => setName(event.target.value)}>
          {axes.map((axis) => (
            <option key={axis.name} value={axis.name}>
              {axis.label}
            </option>
          ))}
        </select>
      </label>
      {axis.scale === "choice" ? (
        <label className="labelled">
          <span>Value</span>
          <select className="select" name="choice">
            {axis.choices.map((choice, i) => (
              <option key={String(choice)} value={i}>
                {textOf(axis, choice)}
              </option>
            ))}
          </select>
        </label>
      ) : (
        <div className="row">
          {(["from", "to"] as const).map((end) => (
            <label key={end} className="labelled">
              <span>{end === "from" ? "From" : "To"}</span>
              <input
                className="field numbers"
                name={end}
                inputMode="decimal"
                autoComplete="off"
                aria-invalid={problem !== null}
                aria-describedby={problem ? id : undefined}
                defaultValue={textOf(
                  axis,
                  valueAtUnit(axis, (brushes[axis.name] ?? [0, 1])[end === "from" ? 0 : 1]),
                )}
              />
            </label>
          ))}
        </div>
      )}
      {problem ? (
        <p id={id} className="problem" role="alert">
          {problem}
        </p>
      ) : null}
      <div className="row">
        {limit !== null && ranked.length >= 4 ? (
          <button
            type="button"
            className="button"
            onClick={() => {
              onBrush(withBrush(brushes, VALUE_AXIS, bestPart(limit, mode)));
              close();
            }}
          >
            Best quarter
          </button>
        ) : null}
        <span className="grow" />
        <button type="submit" className="button primary">
          Set brush
        </button>
      </div>
    </form>
  );
}
