/** A control for any declared hyperparameter that a running training can change. */
import type { Hyperparameter, RequestedValues, Run, Value } from "../../../api/types";
import { readDeclared } from "../../../domain/hyperparameters/hyperparameters";
import { fromSlider, sliderRange, toSlider } from "../../../domain/hyperparameters/sliderScale";
import { valueText } from "../../../format/hyperparameters";
import { setting } from "../../../format/numbers";
import { change } from "../../../state/commands/commands";
import { ApplyButton, StagedField, StagedSelect, StagedSlider } from "../staged/StagedControl";
import { TimingFields } from "../staged/TimingFields";
import { useStagedControl } from "../staged/useStagedControl";

export interface HyperparameterControlProps {
  run: Run;
  declared: Hyperparameter;
  /** The value in force, where the run's own list of values does not follow it. */
  now?: Value;
  /** Whether the value can go there gradually. */
  ramps?: boolean;
  /** What asks for a number, where that is not the number itself. */
  request?: (value: number) => RequestedValues[string];
  /** Said beside the field. */
  help?: string;
}

const plainly = (value: number): number => value;

const nowOf = ({ run, declared, now }: HyperparameterControlProps): Value | undefined =>
  now ?? run.values[declared.name];

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
function Switch(props: HyperparameterControlProps) {
  const { run, declared } = props;
  return (
    <label className="check">
      <input
        type="checkbox"
        checked={nowOf(props) === true}
        disabled={!run.allowed.includes("set")}
        onChange={(event) =>
          void change(run, { kind: "set", values: { [declared.name]: event.target.checked } })
        }
      />
      {(props.help ?? declared.help) || declared.label}
    </label>
  );
}

function Choice(props: HyperparameterControlProps) {
  const { run, declared } = props;
  const control = useStagedControl(run, String(nowOf(props)), (value) => ({
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

function NumberControl(props: HyperparameterControlProps) {
  const { run, declared, ramps = declared.kind === "float", help = declared.help, request = plainly } = props;
  const { name, label, scale, unit } = declared;
  const current = Number(nowOf(props));
  const control = useStagedControl(run, current, (value) => ({ values: { [name]: request(value) } }));
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
        <span className="muted small-text grow">{help}</span>
        <ApplyButton control={control} label={label} />
      </div>
      {control.staged !== null ? <TimingFields control={control} ramps={ramps} /> : null}
    </>
  );
}
