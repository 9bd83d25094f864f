/** Which checkpoint or trial is the best: by a series of the validation set, low or high. */
import type { Objective } from "../../api/objective";
import type { Task } from "../../api/types";
import { objectiveText } from "../../format/objective";

export interface ObjectiveSelectProps {
  task: Task;
  value: Objective;
  problem?: string;
  onChange: (objective: Objective) => void;
}

const MODES = ["min", "max"] as const;

export function ObjectiveSelect({ task, value, problem, onChange }: ObjectiveSelectProps) {
  const series = task.series.filter((name) => name.startsWith("val/"));
  const choices = series.flatMap((objective) => MODES.map((mode) => ({ objective, mode })));
  const chosen = choices.findIndex(
    ({ objective, mode }) => objective === value.objective && mode === value.mode,
  );
  return (
    <label className="form-field">
      <span className="field-name">Best is the</span>
      <select
        className="select"
        aria-label="Best is the"
        aria-invalid={problem !== undefined}
        value={chosen}
        onChange={(event) => onChange(choices[Number(event.target.value)] ?? value)}
      >
        {choices.map((choice, i) => (
          <option key={objectiveText(choice)} value={i}>
            {objectiveText(choice)}
          </option>
        ))}
      </select>
      {problem ? <span className="problem">{problem}</span> : null}
    </label>
  );
}
