/** A control for any declared hyperparameter that a running training can change. */

import { useState } from "react";
import type { Hyperparameter, Run, Value } from "../../api/types";
import { readDeclared } from "../../domain/hyperparameters";
import { fromSlider, sliderRange, toSlider } from "../../domain/sliderScale";
import { valueText } from "../../format/hyperparameters";
import { setting } from "../../format/numbers";
import { change } from "../../state/commands";
import { NumberField } from "../../ui/NumberField";
import { Slider } from "../../ui/Slider";
import type { Timing } from "./Timing";
import { TimingFields } from "./Timing";
import { useStagedValue } from "./useStagedValue";

export interface HyperparameterControlProps {
  run: Run;
  declared: Hyperparameter;
}

export function HyperparameterControl({ run, declared }: HyperparameterControlProps) {
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

interface PartProps extends HyperparameterControlProps {
  onApply: (value: Value, timing?: Timing) => void;
}

function Choice({ run, declared, onApply }: PartProps) {
  const staged = useStagedValue(String(run.values[declared.name]));
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
  const staged = useStagedValue(current);
  const [timing, setTiming] = useState<Timing>({});
  const range = sliderRange(declared);
  const may = run.allowed.includes("set");
  const positionOf = (value: number): number =>
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
          position={positionOf(staged.shown)}
          currentPosition={staged.staged === null ? null : positionOf(current)}
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
        <TimingFields
          timing={timing}
          step={run.step}
          onTiming={setTiming}
          ramps={declared.kind === "float"}
        />
      ) : null}
    </>
  );
}
