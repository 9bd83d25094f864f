/** The markers of changes on a chart: a line down the plot, a shape on top, a count when several meet. */

import { useRef, useState } from "react";
import type { MarkerGroup } from "../../domain/markers";
import { groupMarkers } from "../../domain/markers";
import { whole } from "../../format/numbers";
import { dispatch, getPage } from "../../state/store";
import { toX } from "../axis";
import type { ChartName } from "../compose";
import type { Drawing } from "../drawing";
import { plotHeight, xToPx } from "../geometry";
import { Glyph } from "./Glyph";
import { MarkerCard } from "./MarkerCard";
import * as styles from "./Markers.module.css";
import { useMarkers } from "./useMarkers";

export function Markers({ drawing, name }: { drawing: Drawing; name: ChartName }) {
  const markers = useMarkers();
  const { frame, axis } = drawing;
  // A change that no step has used yet stands at the end of the curve, until its own step is made.
  const open = getPage().open;
  const lastStep = open ? Math.max(open.run.step, open.curves.lastStep) : 0;
  const xOf = (step: number): number => xToPx(frame, toX(axis, Math.min(step, lastStep)));
  const groups = groupMarkers(markers, xOf);
  const inside = groups.filter(
    (group) => group.x >= frame.box.left - 2 && group.x <= frame.box.width - frame.box.right + 2,
  );
  const named = name === "cost"; // the same markers on the other charts need not be spoken again
  const [shown, setShown] = useState<number[]>([]);
  const opener = useRef<HTMLElement | null>(null);
  const chosen = markers.filter((marker) => shown.includes(marker.eventId));
  const at = chosen[0] ? xOf(chosen[0].step) : 0;
  const close = () => {
    setShown([]);
    opener.current?.focus({ preventScroll: true });
    dispatch({ type: "view", change: { hover: null } }); // the pinned step stays under the crosshair
  };
  return (
    <>
      <div className={styles.markers} data-markers={name} aria-hidden={named ? undefined : true}>
        {inside.map((group) => (
          <MarkerButton
            key={group.markers[0]?.eventId}
            group={group}
            drawing={drawing}
            named={named}
            onOpen={(button) => {
              opener.current = button;
              setShown(group.markers.map((marker) => marker.eventId));
            }}
          />
        ))}
      </div>
      {chosen.length > 0 ? <MarkerCard markers={chosen} x={at} box={frame.box} onClose={close} /> : null}
    </>
  );
}

interface MarkerButtonProps {
  group: MarkerGroup;
  drawing: Drawing;
  named: boolean;
  onOpen: (button: HTMLElement) => void;
}

function MarkerButton({ group, drawing, named, onOpen }: MarkerButtonProps) {
  const { box } = drawing.frame;
  const last = group.markers.at(-1);
  if (!last) return null;
  const count = group.markers.length;
  const title =
    count > 1 ? `${count} changes up to step ${whole(last.step)}` : `Step ${whole(last.step)}: ${last.text}`;
  return (
    <>
      <div className={styles.markLine} style={{ left: group.x, top: box.top, height: plotHeight(box) }} />
      <button
        type="button"
        className={styles.mark}
        data-kind={last.kind}
        data-marker
        data-count={count > 1 ? count : undefined}
        style={{ left: group.x, top: 0 }}
        tabIndex={named ? 0 : -1}
        aria-label={title}
        title={title}
        onPointerEnter={() => dispatch({ type: "view", change: { hover: last.step } })}
        onFocus={() => dispatch({ type: "view", change: { hover: last.step } })}
        onBlur={() => dispatch({ type: "view", change: { hover: null } })}
        aria-haspopup="dialog"
        onClick={(event) => {
          dispatch({ type: "view", change: { entry: last.eventId, pinned: last.step, hover: null } });
          onOpen(event.currentTarget);
        }}
      >
        {count > 1 ? count : null}
        <Glyph kind={last.kind} />
      </button>
    </>
  );
}
