/** The values at one step, in a row that never moves: under the crosshair, else the latest. */
import { useMarkers } from "../../../charts/markers/useMarkers";
import { valueAt } from "../../../domain/series";
import { measured, momentum, setting, whole } from "../../../format/numbers";
import { dispatch, usePage, usePageThrottled } from "../../../state/store";
import { Icon } from "../../../ui/Icon";
import * as styles from "./ReadOut.module.css";

/** A change this many steps before the crosshair is named, as a part of what is in sight. */
const NEAR_PART = 0.012;

export function ReadOut() {
  const open = usePageThrottled((page) => page.open);
  const cursor = usePage((page) => page.view.hover ?? page.view.pinned);
  const pinned = usePage((page) => page.view.pinned);
  const zoom = usePage((page) => page.view.zoom);
  const markers = useMarkers();
  if (!open) return null;
  const { curves } = open;
  const step = cursor ?? curves.lastStep;
  const span = zoom ? zoom.to - zoom.from : curves.lastStep;
  const near =
    cursor === null
      ? undefined
      : markers.filter((marker) => Math.abs(marker.step - step) <= Math.max(1, span * NEAR_PART)).at(-1);
  const value = (name: string, smooth = false): number | null =>
    valueAt((smooth ? curves.smooth[name] : undefined) ?? curves.raw[name], step);
  const rate = value("learning_rate");
  const beta = value("momentum");
  return (
    <div className={`${styles.readout} numbers`}>
      <span>
        step <b>{whole(step)}</b>
      </span>
      <span className="is-train-text">train {measured(value("train/cost", true))}</span>
      <span className="is-val-text">val {measured(value("val/cost"))}</span>
      {rate !== null ? <span>lr {setting(rate)}</span> : null}
      {beta !== null ? <span>β {momentum(beta)}</span> : null}
      {near ? (
        <span className={styles.readoutChange}>
          {near.text}{" "}
          <span className="muted">
            {[near.who, near.why ? `“${near.why}”` : ""].filter(Boolean).map((word) => `· ${word} `)}
          </span>
        </span>
      ) : null}
      {pinned !== null ? (
        <button
          type="button"
          className="button quiet square small"
          aria-label="Unpin the crosshair"
          onClick={() => dispatch({ type: "view", change: { pinned: null } })}
        >
          <Icon name="close" />
        </button>
      ) : null}
    </div>
  );
}
