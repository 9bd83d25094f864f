/** A control for any declared hyperparameter that a running training can change. */
import type { Hyperparameter, Run } from "../../../api/types";
import { readDeclared } from "../../../domain/hyperparameters";
import { fromSlider, sliderRange, toSlider } from "../../../domain/sliderScale";
import { valueText } from "../../../format/hyperparameters";
import { setting } from "../../../format/numbers";
import { change } from "../../../state/commands/commands";
import { ApplyButton, StagedField, StagedSelect, StagedSlider } from "../staged/StagedControl";
import { TimingFields } from "../staged/TimingFields";
import { useStagedControl } from "../staged/useStagedControl";

export interface HyperparameterControlProps {
  run: Run;
  declared: Hyperparameter;
}

export function HyperparameterControl(props: HyperparameterControlProps) {
  switch (props.declared.kind) {
    case "bool":
      return <Switch {...props} />;
    case "choice":
      return <Choice {...props} />;
    default:
      return <NumberControl {...props} />;
  }
}

/** Acts at once. */
function Switch({ run, declared }: HyperparameterControlProps) {
  return (
    <label className="check">
      <input
        type="checkbox"
        checked={run.values[declared.name] === true}
        disabled={!run.allowed.includes("set")}
        onChange={(event) =>
          void change(run, { kind: "set", values: { [declared.name]: event.target.checked } })
        }
      />
      {declared.help || declared.label}
    </label>
  );
}

function Choice({ run, declared }: HyperparameterControlProps) {
  const control = useStagedControl(run, String(run.values[declared.name]), (value) => ({
    values: { [declared.name]: value },
  }));
  return (
    <div className="row">
      <StagedSelect
        control={control}
        label={declared.label}
        choices={(declared.choices ?? []).map(String)}
        textOf={(choice) => valueText(declared.name, choice)}
      />
      <ApplyButton control={control} label={declared.label} />
    </div>
  );
}

function NumberControl({ run, declared }: HyperparameterControlProps) {
  const { name, label, scale, unit } = declared;
  const current = Number(run.values[name]);
  const control = useStagedControl(run, current, (value) => ({ values: { [name]: value } }));
  const range = sliderRange(declared);
  return (
    <>
      {range ? (
        <StagedSlider
          control={control}
          label={label}
          range={range}
          toPosition={(value) => toSlider(value, scale)}
          fromPosition={(position) => fromSlider(position, scale)}
          text={`${setting(control.shown)} ${unit}`.trim()}
        />
      ) : null}
      <div className="row">
        <StagedField
          control={control}
          label={label}
          textOf={(value) => valueText(name, value)}
          read={(typed) => readDeclared(typed, current, declared)}
        />
        <span className="muted small-text grow">{declared.help}</span>
        <ApplyButton control={control} label={label} />
      </div>
      {control.staged !== null ? <TimingFields control={control} ramps={declared.kind === "float"} /> : null}
    </>
  );
}
