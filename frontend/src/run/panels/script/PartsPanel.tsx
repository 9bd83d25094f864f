/** What a script attached, and how exactly all of it is taken and put back. */
import type { Exactness, Part } from "../../../api/types";
import { exactnessWord } from "../../../domain/exactness";
import { usePageThrottled } from "../../../state/store";
import type { IconName } from "../../../ui/Icon";
import { Icon } from "../../../ui/Icon";
import * as styles from "./PartsPanel.module.css";

const ICONS: Record<Part["captured"], IconName> = {
  exact: "check",
  approximate: "warn",
  "not seen": "ring",
};

export function PartsPanel() {
  const run = usePageThrottled((page) => page.open?.run ?? null);
  if (!run?.script) return null;
  const parts = run.parts ?? [];
  return (
    <section className={`panel ${styles.parts}`} aria-labelledby="parts">
      <div className="panel-head">
        <h2 id="parts">Parts</h2>
        {run.exactness ? <ExactnessBadge exactness={run.exactness} /> : null}
      </div>
      {run.exactness?.reasons.length ? (
        <ul className={`${styles.reasons} muted small-text`}>
          {run.exactness.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      ) : null}
      {parts.length > 0 ? (
        <ul className={styles.list}>
          {parts.map((part) => (
            <li key={part.name} data-captured={part.captured}>
              <span>
                <b>{part.name}</b> {part.type ? <code className="muted">{part.type}</code> : null}
              </span>
              <span className={styles.captured}>
                <Icon name={ICONS[part.captured]} /> {part.captured}
              </span>
              {part.why ? <p className="muted small-text">{part.why}</p> : null}
            </li>
          ))}
        </ul>
      ) : (
        <p className="muted empty-text">The script has not yet said what it consists of.</p>
      )}
    </section>
  );
}

function ExactnessBadge({ exactness }: { exactness: Exactness }) {
  return (
    <span className={`badge ${styles.level}`} data-level={exactness.level}>
      {exactnessWord(exactness)}
    </span>
  );
}
