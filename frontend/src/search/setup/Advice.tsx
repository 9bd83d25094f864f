/** One run steered by hand, or many compared? What fits, and why. */

import type { Preview } from "../../api/searches";
import { duration, whole } from "../../format/numbers";
import { Panda } from "../../ui/Panda";
import * as styles from "./Advice.module.css";

export function Advice({ preview }: { preview: Preview | null }) {
  if (!preview) return null;
  const { choose, why } = preview.advice;
  const { one_run_s: oneRunS, total_s: total, parallel, cores } = preview.estimate;
  const time = (seconds: number | null): string =>
    seconds === null ? "not known yet" : seconds < 1 ? "under 1 s" : duration(seconds);
  return (
    <section className={`panel ${styles.advice}`} aria-labelledby="advice">
      <div className="panel-head">
        <h2 id="advice">Panda or caviar?</h2>
      </div>
      <div className={styles.either}>
        <div className={choose === "panda" ? `${styles.one} chosen` : styles.one}>
          <Panda size={40} />
          <h3>
            Panda {choose === "panda" ? <span className={`badge ${styles.good}`}>fits better</span> : null}
          </h3>
          <p className="muted small-text">
            One run that you watch and steer. For long trainings, or when this machine can run only a few.
          </p>
          <p className="numbers">
            one run <b>{time(oneRunS)}</b>
          </p>
        </div>
        <div className={choose === "caviar" ? `${styles.one} chosen` : styles.one}>
          <EggsPicture />
          <h3>
            Caviar {choose === "caviar" ? <span className={`badge ${styles.good}`}>fits better</span> : null}
          </h3>
          <p className="muted small-text">
            Many unattended runs that are compared. For short trainings and free cores.
          </p>
          <p className="numbers">
            this search <b>{time(total)}</b>
          </p>
        </div>
      </div>
      <p>{why}</p>
      <p className="muted small-text numbers">
        {whole(cores)} {cores === 1 ? "core" : "cores"} here, {whole(parallel)}{" "}
        {parallel === 1 ? "trial" : "trials"} at a time. A run that you steer goes first: trials use what it
        leaves.
      </p>
    </section>
  );
}

const EGGS = [
  [9, 9],
  [16, 7],
  [23, 9],
  [6, 16],
  [13, 15],
  [20, 15],
  [27, 16],
  [9, 22],
  [16, 23],
  [23, 22],
  [13, 29],
  [20, 29],
] as const;

function EggsPicture() {
  return (
    <svg viewBox="0 0 32 36" width="40" height="44" aria-hidden="true">
      {EGGS.map(([x, y], i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a fixed picture
        <circle key={i} className={i === 5 ? `${styles.egg} best` : styles.egg} cx={x} cy={y} r={3.2} />
      ))}
    </svg>
  );
}
