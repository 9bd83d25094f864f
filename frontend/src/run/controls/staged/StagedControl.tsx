/** The parts of every control: its heading, what a value is staged with, and the button that applies it. */

import type { Hyperparameter } from "../../../api/types";
import type { SliderRange } from "../../../domain/hyperparameters/sliderScale";
import type { ParsedNumber } from "../../../format/parseNumber";
import { ActionButton } from "../../../ui/ActionButton";
import { NumberField } from "../../../ui/fields/NumberField";
import type { SliderProps } from "../../../ui/fields/Slider";
import { Slider } from "../../../ui/fields/Slider";
import * as styles from "./StagedControl.module.css";
import type { StagedControl } from "./useStagedControl";

export interface ControlHeadProps {
  name: string;
  symbol?: string;
  /** When a change takes effect. */
  badge?: string;
  help?: string;
  /** The value in force. */
  now: string;
}

export function ControlHead({ name, symbol, badge, help, now }: ControlHeadProps) {
  return (
    <div className={styles.controlHead}>
      <h3 title={help}>
        {name} {symbol ? <i className="symbol">{symbol}</i> : null}{" "}
        {badge ? <span className="badge">{badge}</span> : null}
      </h3>
      <output className={`${styles.now} numbers`}>{now}</output>
    </div>
  );
}

interface PartProps<Value> {
  control: StagedControl<Value>;
  /** The name of the control, as the others of its parts are named after it. */
  label: string;
}

export interface StagedSliderProps
  extends PartProps<number>,
    Pick<SliderProps, "range" | "text" | "ticks" | "dots"> {
  toPosition: (value: number) => number;
  fromPosition: (position: number) => number;
}

export function StagedSlider({ control, toPosition, fromPosition, ...shown }: StagedSliderProps) {
  const positionOf = (value: number): number => clamp(toPosition(value), shown.range);
  return (
    <Slider
      {...shown}
      position={positionOf(control.shown)}
      currentPosition={control.staged === null ? null : positionOf(control.current)}
      disabled={!control.mayStage}
      onMove={(position) => control.stage(fromPosition(position))}
      onEnter={control.applyStaged}
      onEscape={control.reset}
    />
  );
}

const clamp = (position: number, { min, max }: SliderRange): number => Math.min(max, Math.max(min, position));

export interface StagedFieldProps extends PartProps<number> {
  textOf: (value: number) => string;
  read: (text: string) => ParsedNumber;
}

export function StagedField({ control, label, textOf, read }: StagedFieldProps) {
  return (
    <NumberField
      label={`${label} value`}
      shown={textOf(control.shown)}
      read={read}
      disabled={!control.mayStage}
      onValue={control.stage}
      onEnter={control.apply}
      onEscape={control.reset}
    />
  );
}

export interface StagedSelectProps<Value> extends PartProps<Value> {
  choices: readonly Value[];
  textOf: (value: Value) => string;
  disabled?: boolean;
}

export function StagedSelect<Value extends string | number | boolean>(props: StagedSelectProps<Value>) {
  const { control, choices } = props;
  return (
    <select
      className="select grow numbers"
      aria-label={props.label}
      value={String(control.shown)}
      disabled={props.disabled ?? !control.mayStage}
      onChange={(event) => {
        const chosen = choices.find((choice) => String(choice) === event.target.value);
        if (chosen !== undefined) control.stage(chosen);
      }}
    >
      {choices.map((choice) => (
        <option key={String(choice)} value={String(choice)}>
          {props.textOf(choice)}
        </option>
      ))}
    </select>
  );
}

export function ApplyButton<Value>({ control, label }: PartProps<Value>) {
  if (control.staged !== null && control.mayStage && !control.may) {
    return (
      <ActionButton
        icon="fork"
        label={`Fork with this ${label.toLowerCase()}`}
        title="This run is over: a branch from its end can have another value"
        className="primary"
        onPress={control.applyStaged}
      >
        Fork…
      </ActionButton>
    );
  }
  return (
    <ActionButton
      label={`Apply ${label.toLowerCase()}`}
      className="primary"
      enabled={control.staged !== null && control.may}
      onPress={control.applyStaged}
    >
      Apply
    </ActionButton>
  );
}

/** The heading of a declared hyperparameter says its symbol once. */
export const symbolOf = (declared: Hyperparameter): string | undefined =>
  declared.symbol && !declared.label.includes(declared.symbol) ? declared.symbol : undefined;
