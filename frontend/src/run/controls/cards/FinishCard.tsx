/** What a run that is over came to, and what can follow from its best. */
import { pinCheckpoint } from "../../../api/client";
import type { Run } from "../../../api/types";
import { bestText, finishText } from "../../../domain/finish";
import { whole } from "../../../format/numbers";
import * as commands from "../../../state/commands/commands";
import { useIsViewer } from "../../../state/permissions";
import { usePage } from "../../../state/store";
import { toast, toastError } from "../../../state/toasts";
import { ActionButton } from "../../../ui/ActionButton";
import { Icon } from "../../../ui/Icon";
import * as styles from "./FinishCard.module.css";

/** Only of a run that reached an end; what failed has an alert. */
export function FinishCard({ run }: { run: Run }) {
  const curves = usePage((page) => page.open?.curves ?? null);
  const best = usePage(
    (page) =>
      page.open?.checkpoints.find(
        (checkpoint) => checkpoint.best && checkpoint.valid && !checkpoint.removed,
      ) ?? null,
  );
  const isViewer = useIsViewer();
  if (run.status !== "finished" && run.status !== "stopped") return null;
  const train = curves?.smooth["train/cost"] ?? curves?.raw["train/cost"];
  const keep = () => {
    if (!best) return;
    pinCheckpoint(best.id, true)
      .then(() => toast(`Checkpoint ${whole(best.step)} is kept for good.`))
      .catch(toastError);
  };
  return (
    <section className={`panel ${styles.finish}`} aria-label="Result">
      <div className={`${styles.words} numbers`}>
        <Icon name={run.status === "finished" ? "check" : "stop"} />
        <p>
          <b>{finishText(run)}</b> {bestText(run, curves?.raw[run.objective], train)}
        </p>
      </div>
      {isViewer || !best ? null : (
        <div className={styles.ways}>
          <ActionButton icon="pin" enabled={!best.pinned} onPress={keep}>
            {best.pinned ? "Best is kept" : "Keep best"}
          </ActionButton>
          <ActionButton
            icon="fork"
            title={`A branch from step ${whole(best.step)} becomes the live one`}
            enabled={run.allowed.includes("fork")}
            onPress={() => void commands.rewind(run, best.id)}
          >
            Continue from best
          </ActionButton>
        </div>
      )}
      {isViewer ? null : (
        <p className="muted small-text">
          To go on from the end, press <b>Continue</b>, or choose another value below and fork.
        </p>
      )}
    </section>
  );
}
