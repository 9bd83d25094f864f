/** The bar for the runs that are ticked: what can be done with all of them at once. */
import { whole } from "../format/numbers";
import { useIsViewer } from "../state/permissions";
import { COMPARED_MAX, comparePath, navigate } from "../state/route";
import { ActionButton } from "../ui/ActionButton";
import { Icon } from "../ui/Icon";
import * as styles from "./RunsTable.module.css";

export interface ChosenRunsProps {
  /** Their ids. */
  chosen: number[];
  trashed: boolean;
  onTrash: () => void;
  onRestore: () => void;
  onClear: () => void;
}

export function ChosenRuns({ chosen, trashed, onTrash, onRestore, onClear }: ChosenRunsProps) {
  const isViewer = useIsViewer();
  const count = chosen.length;
  if (count === 0) return null;
  return (
    <div className={styles.bar} role="group" aria-label="Chosen runs">
      <span className="numbers">
        <b>{whole(count)}</b> chosen
      </span>
      {trashed ? null : (
        <ActionButton
          enabled={count >= 2 && count <= COMPARED_MAX}
          title={`Side by side: two to ${COMPARED_MAX} runs`}
          onPress={() => navigate(comparePath(chosen))}
        >
          Compare
        </ActionButton>
      )}
      {isViewer ? null : trashed ? (
        <ActionButton icon="undo" onPress={onRestore}>
          Restore
        </ActionButton>
      ) : (
        <ActionButton icon="trash" onPress={onTrash}>
          Move to the trash
        </ActionButton>
      )}
      <button
        type="button"
        className="button quiet square"
        aria-label="Choose none"
        title="Choose none"
        onClick={onClear}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}
