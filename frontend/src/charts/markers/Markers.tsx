/** The markers of changes on a chart: a line down the plot, a shape on top, a count when several meet. */

import type { MarkerGroup } from "../../domain/markers";
import { groupMarkers } from "../../domain/markers";
import { whole } from "../../format/numbers";
import { dispatch } from "../../state/store";
import { toX } from "../axis";
import type { ChartName, Drawing } from "../compose";
import { plotHeight, xToPx } from "../geometry";
import { Glyph } from "./Glyph";
import * as styles from "./Markers.module.css";
import { useMarkers } from "./useMarkers";

export function Markers({ drawing, name }: { drawing: Drawing; name: ChartName }) {
  const markers = useMarkers();
  const { frame, axis } = drawing;
  const groups = groupMarkers(markers, (step) => xToPx(frame, toX(axis, step)));
  const inside = groups.filter(
    (group) => group.x >= frame.box.left - 2 && group.x <= frame.box.width - frame.box.right + 2,
  );
  const named = name === "cost"; // the same markers on the other charts need not be spoken again
  return (
    <div className={styles.markers} data-markers={name} aria-hidden={named ? undefined : true}>
      {inside.map((group) => (
        <MarkerButton key={group.markers[0]?.eventId} group={group} drawing={drawing} named={named} />
      ))}
    </div>
  );
}

function MarkerButton({ group, drawing, named }: { group: MarkerGroup; drawing: Drawing; named: boolean }) {
  const { box } = drawing.frame;
  const last = group.markers.at(-1);
  if (!last) return null;
  const count = group.markers.length;
  const title =
    count > 1 ? `${count} changes up to step ${whole(last.step)}` : `Step ${whole(last.step)}: ${last.text}`;
  return (
    <>
      <div
        className={`mark-line mark-${last.kind}`}
        style={{ left: group.x, top: box.top, height: plotHeight(box) }}
      />
      <button
        type="button"
        className={`${styles.mark} mark-${last.kind}`}
        data-marker
        style={{ left: group.x, top: 0 }}
        tabIndex={named ? 0 : -1}
        aria-label={title}
        title={title}
        onPointerEnter={() => dispatch({ type: "view", change: { hover: last.step } })}
        onFocus={() => dispatch({ type: "view", change: { hover: last.step } })}
        onBlur={() => dispatch({ type: "view", change: { hover: null } })}
        onClick={() => openEntry(last.eventId, last.step)}
      >
        {count > 1 ? count : <Glyph kind={last.kind} />}
      </button>
    </>
  );
}

/** Scrolls a journal entry into view, and puts its step under the crosshair. */
function openEntry(eventId: number, step: number): void {
  dispatch({ type: "view", change: { entry: eventId, pinned: step, hover: null } });
  requestAnimationFrame(() => {
    const line = document.getElementById(`entry-${eventId}`);
    const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
    line?.scrollIntoView({ block: "nearest", behavior: reducedMotion ? "auto" : "smooth" });
  });
}
