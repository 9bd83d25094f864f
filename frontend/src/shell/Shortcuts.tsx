/** The list of keys, and the switch that turns the single ones off. */
import { Switch } from "react-aria-components";
import { Dialog } from "../ui/dialog/Dialog";
import * as styles from "./Shortcuts.module.css";
import { setSingleKeys, useSingleKeys } from "./useShortcuts";

const KEYS: [string, string][] = [
  ["Space", "Pause or resume"],
  ["[", "Halve the learning rate"],
  ["]", "Double the learning rate"],
  ["\\", "Divide the learning rate by 10"],
  ["C", "Save a checkpoint"],
  ["N", "Write a note at this step"],
  ["U", "Undo the last change"],
  ["F", "Freeze the charts"],
  ["L", "Logarithmic vertical axis"],
  ["X", "Next horizontal axis"],
  ["← →", "Move the crosshair (chart focused; Shift: 10 steps)"],
  ["M", "Next change (Shift: previous)"],
  ["0", "Jump to live"],
  ["1 2 3 4", "All steps, or follow the last 5,000, 1,000 or 200"],
  ["T", "View cost as table"],
  ["Ctrl K", "All commands and runs, by their names"],
  ["G B / G R / G V / G M", "Go to Babysit / Runs / Caviar / Machines"],
  ["?", "This list"],
  ["Esc", "Close, or reset what is staged"],
];

export function Shortcuts() {
  const on = useSingleKeys();
  return (
    <Dialog title="Keyboard shortcuts">
      <Switch className={styles.switch} isSelected={on} onChange={setSingleKeys}>
        <span className={styles.switchTrack} aria-hidden="true" />
        Single-key shortcuts
      </Switch>
      <dl className={styles.keys}>
        {KEYS.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
