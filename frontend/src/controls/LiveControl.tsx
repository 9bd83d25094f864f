/** A control for any declared hyperparameter that a running training can change. */
import { useState } from "react";
import type { Hyperparameter, Run, Value } from "../api/types";
import { valueText } from "../charts/markers";
import { fromWireNumber } from "../state/curves";
import { fromSlider, sliderRange, toSlider } from "../state/scales";
import { change } from "../state/steer";
import { setting } from "../text/numbers";
import type { Typed } from "../text/typedNumber";
import { notNumber, typedNumber } from "../text/typedNumber";
import { NumberField } from "./NumberField";
import { Slider } from "./Slider";
import type { Timing } from "./Timing";
import { TimingFields } from "./Timing";
import { useStaged } from "./useStaged";

export interface LiveControlProps {
  run: Run;
  declared: Hyperparameter;
}

export function LiveControl({ run, declared }: LiveControlProps) {
  const may = run.allowed.includes("set");
  const current = run.values[declared.name] as Value;
  const apply = (value: Value, timing: Timing = {}) => {
    if (may) void change(run, { kind: "set", values: { [declared.name]: value }, ...timing });
  };
  if (declared.kind === "bool") {
    return (
      <label className="check">
        <input
          type="checkbox"
          checked={current === true}
          disabled={!may}
          onChange={(event) => apply(event.target.checked)}
        />
        {declared.help || declared.label}
      </label>
    );
  }
  if (declared.kind === "choice") return <Choice run={run} declared={declared} onApply={apply} />;
  return <NumberControl run={run} declared={declared} onApply={apply} />;
}

interface PartProps extends LiveControlProps {
  onApply: (value: Value, timing?: Timing) => void;
}

function Choice({ run, declared, onApply }: PartProps) {
  const staged = useStaged(String(run.values[declared.name]));
  return (
    <div className="row">
      <select
        className="select grow"
        aria-label={declared.label}
        value={staged.shown}
        disabled={!run.allowed.includes("set")}
        onChange={(event) => staged.stage(event.target.value)}
      >
        {(declared.choices ?? []).map((choice) => (
          <option key={choice} value={choice}>
            {valueText(declared.name, choice)}
          </option>
        ))}
      </select>
      <button
        type="button"
        className="button primary"
        aria-label={`Apply ${declared.label.toLowerCase()}`}
        aria-disabled={staged.staged === null}
        onClick={() => {
          if (staged.staged === null) return;
          onApply(staged.staged);
          staged.reset();
        }}
      >
        Apply
      </button>
    </div>
  );
}

function NumberControl({ run, declared, onApply }: PartProps) {
  const current = Number(run.values[declared.name]);
  const staged = useStaged(current);
  const [timing, setTiming] = useState<Timing>({});
  const range = sliderRange(declared);
  const may = run.allowed.includes("set");
  const place = (value: number): number =>
    range ? Math.min(range.max, Math.max(range.min, toSlider(value, declared.scale))) : 0;
  const send = (value: number) => {
    onApply(value, timing);
    staged.reset();
    setTiming({});
  };
  return (
    <>
      {range ? (
        <Slider
          label={declared.label}
          range={range}
          position={place(staged.shown)}
          currentPosition={staged.staged === null ? null : place(current)}
          text={`${setting(staged.shown)} ${declared.unit}`.trim()}
          disabled={!may}
          onMove={(position) => staged.stage(fromSlider(position, declared.scale))}
          onEnter={() => {
            if (staged.staged !== null) send(staged.staged);
          }}
          onEscape={staged.reset}
        />
      ) : null}
      <div className="row">
        <NumberField
          label={`${declared.label} value`}
          shown={valueText(declared.name, staged.shown)}
          read={(typed) => readDeclared(typed, current, declared)}
          disabled={!may}
          onValue={staged.stage}
          onEnter={send}
          onEscape={staged.reset}
        />
        <span className="muted small-text grow">{declared.help}</span>
        <button
          type="button"
          className="button primary"
          aria-label={`Apply ${declared.label.toLowerCase()}`}
          aria-disabled={staged.staged === null || !may}
          onClick={() => {
            if (staged.staged !== null) send(staged.staged);
          }}
        >
          Apply
        </button>
      </div>
      {staged.staged !== null ? (
        <TimingFields timing={timing} step={run.step} onTiming={setTiming} ramps={declared.kind === "float"} />
      ) : null}
    </>
  );
}

function exampleOf(declared: Hyperparameter): string {
  if (declared.name === "learning_rate") return "a number such as 0.01, 3e-4, x2 or /10";
  const example = valueText(declared.name, declared.default as Value);
  return declared.kind === "int" ? `a whole number such as ${example}` : `a number such as ${example}`;
}

/** What the declaration allows, said before the server has to. */
export function readDeclared(text: string, current: number, declared: Hyperparameter): Typed {
  const value = typedNumber(text, current);
  const [low, high] = [fromWireNumber(declared.low ?? -Infinity), fromWireNumber(declared.high ?? Infinity)];
  if (Number.isNaN(value)) return { value: null, problem: notNumber(text, `Enter ${exampleOf(declared)}.`) };
  if (declared.kind === "int" && !Number.isInteger(value)) {
    return { value: null, problem: `${declared.label} must be a whole number.` };
  }
  if (value < low || (value === low && !declared.low_included)) {
    const word = declared.low_included ? "at least" : "above";
    return { value: null, problem: `${declared.label} must be ${word} ${setting(low)}.` };
  }
  if (value > high || (value === high && declared.high_included === false)) {
    const word = declared.high_included === false ? "below" : "at most";
    return { value: null, problem: `${declared.label} must be ${word} ${setting(high)}.` };
  }
  return { value, problem: null };
}
