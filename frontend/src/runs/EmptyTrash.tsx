/** Removes for good what lies in the trash; before that it says how much space comes back. */
import { emptyTrash, getTrash } from "../api/client";
import { bytes, whole } from "../format/numbers";
import { toast, toastError } from "../state/toasts";
import { ConfirmButton } from "../ui/ConfirmButton";

export function EmptyTrash({ onEmptied }: { onEmptied: () => void }) {
  const ask = async (): Promise<string | null> => {
    try {
      const { run_ids: runs, bytes: space, kept } = await getTrash();
      if (runs.length > 0) return `Remove ${runsText(runs.length)} for good and free ${bytes(space)}?`;
      toast(kept.length > 0 ? `Nothing can be removed: ${kept[0]?.reason ?? ""}` : "The trash is empty.");
    } catch (error) {
      toastError(error);
    }
    return null;
  };
  const empty = async () => {
    try {
      const { run_ids: runs, bytes: space } = await emptyTrash();
      toast(`Removed ${runsText(runs.length)} for good, ${bytes(space)} are free again.`);
      onEmptied();
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <ConfirmButton icon="trash" word="Empty trash…" ask={ask} confirm="Remove for good" onConfirm={empty} />
  );
}

const runsText = (count: number): string => (count === 1 ? "1 run" : `${whole(count)} runs`);
