/** Multiplies the learning rate at once; an undo is offered afterwards. */
import type { Run } from "../../../api/types";
import { nudgeLearningRate } from "../../../state/commands/commands";
import { ActionButton } from "../../../ui/ActionButton";

export interface NudgeButtonProps {
  run: Run;
  label: string;
  word: string;
  factor: number;
  className?: string;
}

export function NudgeButton({ run, label, word, factor, className }: NudgeButtonProps) {
  return (
    <ActionButton
      label={label}
      className={className}
      enabled={run.allowed.includes("set")}
      onPress={() => void nudgeLearningRate(run, factor)}
    >
      <span aria-hidden="true">{word}</span>
    </ActionButton>
  );
}
