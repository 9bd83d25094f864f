/**
 * A slider with words for its value. It is the browser's own: React Aria's cannot be told what to say
 * (`aria-valuetext`), and "0.02, 2 times the current 0.01" is the point.
 */
import type { SliderRange } from "../../domain/hyperparameters/sliderScale";
import * as styles from "./Slider.module.css";

export interface SliderProps {
  label: string;
  range: SliderRange;
  position: number;
  /** Where the value in force stands, drawn as a mark when another one is staged. */
  currentPosition: number | null;
  text: string;
  disabled?: boolean;
  ticks?: { position: number; word: string }[];
  /** Values that were used before, and how that went. */
  dots?: { position: number; tone: "good" | "problem" | "calm"; title: string }[];
  onMove: (position: number) => void;
  onEnter?: () => void;
  onEscape?: () => void;
}

const FINE = 0.01;
const PAGE = 0.5;

export function Slider(props: SliderProps) {
  const { range, position } = props;
  const part = (at: number): number => Math.min(1, Math.max(0, (at - range.min) / (range.max - range.min)));
  const decades = range.step === 0.05;
  const moveBy = (by: number) => {
    const to = Math.min(range.max, Math.max(range.min, position + by));
    props.onMove(Number(to.toFixed(4)));
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const up = event.key === "ArrowUp" || event.key === "ArrowRight";
    const down = event.key === "ArrowDown" || event.key === "ArrowLeft";
    if (event.key === "Enter") props.onEnter?.();
    else if (event.key === "Escape") props.onEscape?.();
    else if (decades && event.shiftKey && (up || down)) moveBy(up ? FINE : -FINE);
    else if (decades && event.key === "PageUp") moveBy(PAGE);
    else if (decades && event.key === "PageDown") moveBy(-PAGE);
    else if (up || down) moveBy(up ? range.step : -range.step);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className={styles.slider} style={{ "--part": part(position) } as React.CSSProperties}>
      <input
        type="range"
        aria-label={props.label}
        aria-valuetext={props.text}
        aria-valuemin={range.min}
        aria-valuemax={range.max}
        aria-valuenow={Number(position.toFixed(4))}
        min={range.min}
        max={range.max}
        step="any"
        value={position}
        disabled={props.disabled}
        onChange={(event) => {
          const to = Number(event.target.value);
          props.onMove(Number((Math.round(to / range.step) * range.step).toFixed(4)));
        }}
        onKeyDown={onKeyDown}
      />
      {props.currentPosition !== null ? (
        <span
          className={styles.sliderNow}
          style={{ left: `calc(8px + (100% - 16px) * ${part(props.currentPosition)})` }}
        />
      ) : null}
      {props.dots?.map((dot) => (
        <span
          key={dot.position}
          className={styles.sliderDot}
          data-tone={dot.tone}
          title={dot.title}
          style={{ left: `calc(8px + (100% - 16px) * ${part(dot.position)})` }}
        />
      ))}
      {props.ticks ? (
        <div className={styles.sliderTicks} aria-hidden="true">
          {props.ticks.map((tick) => (
            <span key={tick.word} style={{ left: `calc(8px + (100% - 16px) * ${part(tick.position)})` }}>
              {tick.word}
            </span>
          ))}
        </div>
      ) : null}
    </div>
  );
}
