/** The way back into a script whose process is gone: the server starts it again, from its newest checkpoint. */
import type { Run } from "../../../api/types";
import { takeUpAgain } from "../../../state/commands/commands";
import { ActionButton } from "../../../ui/ActionButton";

export function TakeUpAgain({ run, className }: { run: Run; className?: string }) {
  return (
    <ActionButton icon="play" className={className} onPress={() => void takeUpAgain(run)}>
      Take up again
    </ActionButton>
  );
}
