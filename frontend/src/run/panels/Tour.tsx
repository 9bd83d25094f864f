/** Two short hints on the first visit: what to press, and that nothing is lost. */
import { useState } from "react";
import { recall, remember } from "../../state/localStorage";
import { usePage } from "../../state/store";
import * as styles from "./Tour.module.css";

const STORED = "babysit.tour";

const HINTS = [
  {
    text: (
      <>
        This demo learns too slowly. Press <b>×2</b> a few times and watch.
      </>
    ),
    at: "rate",
  },
  {
    text: (
      <>
        Every change is recorded. Did it go wrong? <b>Undo</b> or <b>Rewind</b>.
      </>
    ),
    at: "journal",
  },
  {
    text: <>The shape on the curve marks your change. Click it to see the old and the new value.</>,
    at: "cost",
  },
] as const;

export function Tour() {
  const demo = usePage((page) => page.open?.run.demo ?? false);
  const changes = usePage(
    (page) => page.open?.events.filter((event) => event.kind === "changed").length ?? 0,
  );
  const [over, setOver] = useState(() => recall(STORED) === "done");
  const [dismissed, setDismissed] = useState(0);
  const hint = Math.max(dismissed, changes > 0 ? 1 : 0);
  const end = () => {
    setOver(true);
    remember(STORED, "done");
  };
  const shown = HINTS[hint];
  if (over || !demo || !shown) return null;
  const last = hint === HINTS.length - 1;
  return (
    <aside className={styles.coach} data-at={shown.at} aria-label="Tour">
      <p>{shown.text}</p>
      <p className="row">
        <span className="muted numbers">
          {hint + 1} of {HINTS.length}
        </span>
        {last ? null : (
          <button type="button" className="button quiet small" onClick={end}>
            Skip tour
          </button>
        )}
        <button
          type="button"
          className="button small"
          onClick={() => (last ? end() : setDismissed(hint + 1))}
        >
          {last ? "Done" : "Next"}
        </button>
      </p>
    </aside>
  );
}
