/** One piece of advice about a run that goes on, with the press that follows it. */
import type { Advice } from "../../../domain/health/advice";
import { adviceOf } from "../../../domain/health/advice";
import * as commands from "../../../state/commands/commands";
import { createStore } from "../../../state/createStore";
import { useIsViewer } from "../../../state/permissions";
import type { OpenRun } from "../../../state/state";
import { usePageThrottled } from "../../../state/store";
import { ActionButton } from "../../../ui/ActionButton";
import { Icon } from "../../../ui/Icon";
import * as styles from "./AdviceCard.module.css";

/** "Not now" holds for so many steps. */
const SNOOZE_STEPS = 500;

/** By run and kind of advice: the step from which it may be given again. */
const snoozed = createStore<Record<string, number>>({});

const snoozeKey = (open: OpenRun, advice: Advice): string => `${open.run.id} ${advice.kind}`;

export function AdviceCard() {
  const open = usePageThrottled((page) => page.open);
  const until = snoozed.use();
  const isViewer = useIsViewer();
  if (!open?.curves.loaded) return null;
  const advice = adviceOf(open);
  if (advice === null || open.run.step < (until[snoozeKey(open, advice)] ?? 0)) return null;
  return (
    <section className={`panel ${styles.advice}`} aria-label="Advice" aria-live="polite">
      <div className={`${styles.words} numbers`}>
        <Icon name="warn" />
        <p>
          <b>{advice.title}</b> {advice.text}
        </p>
      </div>
      {isViewer ? null : <Ways open={open} advice={advice} />}
    </section>
  );
}

function Ways({ open, advice }: { open: OpenRun; advice: Advice }) {
  const { run } = open;
  const { action } = advice;
  const snooze = () => snoozed.set({ ...snoozed.get(), [snoozeKey(open, advice)]: run.step + SNOOZE_STEPS });
  return (
    <div className={styles.ways}>
      {action === "rewind_to_best" ? (
        <RewindToBest open={open} />
      ) : (
        <ActionButton onPress={() => void commands.nudgeLearningRate(run, action.times)}>
          {action.word}
        </ActionButton>
      )}
      <button
        type="button"
        className="button quiet"
        title={`Hides this for ${SNOOZE_STEPS} steps`}
        onClick={snooze}
      >
        Not now
      </button>
    </div>
  );
}

/** The checkpoint with the star; where another series decides what is best, that is not the lowest val. */
function RewindToBest({ open }: { open: OpenRun }) {
  const best = open.checkpoints.findLast(
    (checkpoint) => checkpoint.best && checkpoint.valid && !checkpoint.removed,
  );
  return (
    <>
      {best ? (
        <ActionButton onPress={() => void commands.rewind(open.run, best.id)}>Rewind to best</ActionButton>
      ) : null}
      <ActionButton onPress={() => void commands.stop(open.run)}>Stop here</ActionButton>
    </>
  );
}
