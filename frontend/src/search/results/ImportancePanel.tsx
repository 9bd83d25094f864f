/** Which hyperparameters made the difference, as bars with their numbers. */
import type { Importance } from "../../api/searches";
import type { Axis } from "../axes";
import * as styles from "./ImportancePanel.module.css";

export function ImportancePanel({ importance, axes }: { importance: Importance | null; axes: Axis[] }) {
  const parts = axes
    .flatMap((axis) => {
      const part = importance?.importance[axis.name];
      return part === undefined ? [] : [{ axis, part }];
    })
    .sort((a, b) => b.part - a.part);
  return (
    <section className={`panel ${styles.caviarImportance}`} aria-labelledby="caviar-importance">
      <div className="panel-head">
        <h2 id="caviar-importance">Importance</h2>
      </div>
      {parts.length === 0 ? (
        <p className="muted">{importance?.message || "Known once a few trials have finished."}</p>
      ) : (
        <>
          <dl className={styles.bars}>
            {parts.map(({ axis, part }) => (
              <div key={axis.name}>
                <dt>{axis.label}</dt>
                <dd className="numbers">
                  <span className={styles.bar} aria-hidden="true">
                    <span style={{ width: `${Math.max(1, part * 100)}%` }} />
                  </span>
                  {Math.round(part * 100)} %
                </dd>
              </div>
            ))}
          </dl>
          <p className="muted small-text">
            {importance?.message ? `${importance.message} ` : ""}
            {importance?.method} over {importance?.trials} trials. It says what mattered in these ranges, not
            beyond it.
          </p>
        </>
      )}
    </section>
  );
}
