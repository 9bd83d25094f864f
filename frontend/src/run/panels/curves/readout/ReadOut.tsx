/** The values at one step, in a row that never moves: under the crosshair, else the latest. */
import { costSeries } from "../../../../charts/compose";
import { useMarkers } from "../../../../charts/markers/useMarkers";
import { momentumNames, optionPlace, rateNames } from "../../../../domain/chartGroups";
import { valueAt } from "../../../../domain/series";
import { measured, momentum, setting, whole } from "../../../../format/numbers";
import { dispatch, usePage, usePageThrottled } from "../../../../state/store";
import { Icon } from "../../../../ui/Icon";
import * as styles from "./ReadOut.module.css";
import { StepWindow } from "./StepWindow";

/** A change this many steps before the crosshair is named, as a part of what is in sight. */
const NEAR_PART = 0.012;

/** So many options of one kind are read out. */
const OPTIONS_MAX = 4;

function joined(texts: string[]): string {
  const more = texts.length - OPTIONS_MAX;
  return [...texts.slice(0, OPTIONS_MAX), ...(more > 0 ? [`${more} more`] : [])].join(" · ");
}

export function ReadOut() {
  const open = usePageThrottled((page) => page.open);
  const cursor = usePage((page) => page.view.hover ?? page.view.pinned);
  const pinned = usePage((page) => page.view.pinned);
  const zoom = usePage((page) => page.view.zoom);
  const followed = usePage((page) => page.view.follow);
  const markers = useMarkers();
  if (!open) return null;
  const { curves } = open;
  const step = cursor ?? curves.lastStep;
  const span = zoom ? zoom.to - zoom.from : (followed ?? curves.lastStep);
  const near =
    cursor === null
      ? undefined
      : markers.filter((marker) => Math.abs(marker.step - step) <= Math.max(1, span * NEAR_PART)).at(-1);
  const val = costSeries(open)[1];
  const value = (name: string, smooth = false): number | null =>
    valueAt((smooth ? curves.smooth[name] : undefined) ?? curves.raw[name], step);
  const names = Object.keys(curves.raw);
  const options = (all: string[], option: string, text: (value: number) => string): string[] =>
    all.flatMap((name) => {
      const now = value(name);
      return now === null ? [] : `${optionPlace(name, option)} ${text(now)}`.trim();
    });
  const rates = options(rateNames(names), "learning_rate", setting);
  const betas = options(momentumNames(names), "momentum", momentum);
  return (
    <div className={`${styles.readout} numbers`}>
      <span>
        step <b>{whole(step)}</b>
      </span>
      <span className={styles.train}>train {measured(value("train/cost", true))}</span>
      {val ? <span className={styles.val}>val {measured(value(val))}</span> : null}
      {rates.length > 0 ? <span>lr {joined(rates)}</span> : null}
      {betas.length > 0 ? <span>β {joined(betas)}</span> : null}
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
      <StepWindow />
    </div>
  );
}
