/** Three short hints on the first visit: what to press, and that nothing is lost. Then what to do next. */
import type { CSSProperties } from "react";
import { useEffect, useState } from "react";
import { openDialog } from "../../state/dialogs";
import { recall, remember } from "../../state/localStorage";
import { navigate } from "../../state/route";
import { usePage } from "../../state/store";
import { useNarrow } from "../../ui/hooks/useMediaQuery";
import { Icon } from "../../ui/Icon";
import * as styles from "./Tour.module.css";

const STORED = "babysit.tour";
const GAP_PX = 8;
const PLACE_MS = 300;

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
    text: <>The ◆ marks your change. Press it to see the old and the new value, and what followed.</>,
    at: "cost",
  },
] as const;

export function Tour() {
  const demo = usePage((page) => page.open?.run.demo ?? false);
  const changes = usePage(
    (page) => page.open?.events.filter((event) => event.kind === "changed").length ?? 0,
  );
  const [over, setOver] = useState(() => recall(STORED) === "done");
  const [finished, setFinished] = useState(false);
  const [dismissed, setDismissed] = useState(0);
  const hint = Math.max(dismissed, changes > 0 ? 1 : 0);
  const end = () => {
    setOver(true);
    remember(STORED, "done");
  };
  const shown = HINTS[hint];
  if (finished) return <Next onClose={() => setFinished(false)} />;
  if (over || !demo || !shown) return null;
  const last = hint === HINTS.length - 1;
  const next = () => {
    if (last) {
      end();
      setFinished(true);
    } else setDismissed(hint + 1);
  };
  return (
    <Coach at={shown.at}>
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
        <button type="button" className="button small" onClick={next}>
          {last ? "Done" : "Next"}
        </button>
      </p>
    </Coach>
  );
}

function Coach({ at, children }: { at: string; children: React.ReactNode }) {
  const place = useAnchor(at === "rate" ? "[data-coach=rate]" : null);
  return (
    <aside className={styles.coach} data-at={at} aria-label="Tour" style={place}>
      {children}
    </aside>
  );
}

/** Below an element of the rail, never over the live end of a curve. On a narrow page the style sheet places it. */
function useAnchor(selector: string | null): CSSProperties | undefined {
  const narrow = useNarrow();
  const [place, setPlace] = useState<CSSProperties>();
  useEffect(() => {
    if (selector === null || narrow) return setPlace(undefined);
    const update = () => {
      const box = document.querySelector(selector)?.getBoundingClientRect();
      if (!box) return;
      const right = Math.round(window.innerWidth - box.right);
      const top = Math.round(box.bottom + GAP_PX);
      setPlace((known) => (known?.top === top && known.right === right ? known : { top, right }));
    };
    update();
    const timer = setInterval(update, PLACE_MS); // panels above it come and go
    window.addEventListener("scroll", update, true);
    return () => {
      clearInterval(timer);
      window.removeEventListener("scroll", update, true);
    };
  }, [selector, narrow]);
  return place;
}

/** What a person who has rescued the demo can try. */
function Next({ onClose }: { onClose: () => void }) {
  const run = usePage((page) => page.open?.run.id);
  const breakIt = () => {
    onClose();
    document.querySelector<HTMLElement>('[aria-label="Learning rate value"]')?.focus();
  };
  return (
    <aside className={styles.coach} data-at="cost" aria-label="What next">
      <p className={styles.nextHead}>
        <b>What next?</b>
        <button type="button" className="button quiet square small" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </p>
      <button type="button" className="button small" onClick={breakIt}>
        Break it: set the learning rate to 5
      </button>
      <button type="button" className="button small" onClick={() => navigate(`/caviar?from=${run}`)}>
        Compare several learning rates
      </button>
      <button
        type="button"
        className="button small"
        onClick={() => {
          onClose();
          openDialog({ kind: "new_run" });
        }}
      >
        Train another task
      </button>
    </aside>
  );
}
