/** The brushes that are set, each with the way to remove it. */
import { Icon } from "../../../../ui/Icon";
import type { Axis } from "../../../axes";
import * as styles from "./BrushChips.module.css";
import type { Brushes } from "./brush";
import { brushText, withBrush } from "./brush";

export interface BrushChipsProps {
  axes: Axis[];
  brushes: Brushes;
  onBrush: (brushes: Brushes) => void;
}

export function BrushChips({ axes, brushes, onBrush }: BrushChipsProps) {
  const set = axes.filter((axis) => brushes[axis.name]);
  if (set.length === 0) return null;
  return (
    <ul className={styles.brushChips} aria-label="Brushes">
      {set.map((axis) => {
        const text = brushText(axis, brushes[axis.name] as readonly [number, number]);
        return (
          <li key={axis.name}>
            <button
              type="button"
              className={`chip-button ${styles.withIcon} numbers`}
              aria-label={`Remove brush ${text}`}
              onClick={() => onBrush(withBrush(brushes, axis.name, null))}
            >
              {text} <Icon name="close" />
            </button>
          </li>
        );
      })}
    </ul>
  );
}
