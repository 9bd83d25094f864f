/** Gradients, steps and speed at a glance: a small curve, the value now, and whether that is usual. */
import type { Sign } from "../../../../domain/health/health";
import { signsOf } from "../../../../domain/health/health";
import type { Series } from "../../../../domain/series";
import { decimate } from "../../../../domain/series";
import { usePageThrottled } from "../../../../state/store";
import * as styles from "./Health.module.css";

const WIDTH = 120;
const HEIGHT = 28;

export function Health() {
  const open = usePageThrottled((page) => page.open);
  if (!open?.curves.loaded) return null;
  const signs = signsOf(open.run, open.curves.raw);
  if (signs.length === 0) return null;
  return (
    <section className={styles.health} aria-label="Health">
      {signs.map((sign) => (
        <Row key={sign.name} sign={sign} />
      ))}
    </section>
  );
}

function Row({ sign }: { sign: Sign }) {
  return (
    <div className={styles.sign}>
      <p className="numbers">
        <span className="muted">{sign.title}</span> <b>{sign.value}</b>
        <span className={styles.word} data-tone={sign.tone}>
          {sign.word}
        </span>
      </p>
      <svg
        className={styles.spark}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        <path d={pathOf(sign.series)} />
      </svg>
    </div>
  );
}

/** On a scale of its own, logarithmic: all three are above 0 and move by factors. */
function pathOf(series: Series): string {
  const { step, value } = decimate(series, WIDTH);
  const points = step.flatMap((at, i) => {
    const y = Math.log10(value[i] as number);
    return Number.isFinite(y) ? [{ x: at, y }] : [];
  });
  const ys = points.map(({ y }) => y);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const [first, last] = [points[0]?.x ?? 0, points.at(-1)?.x ?? 1];
  return points
    .map(({ x, y }, i) => {
      const px = ((x - first) / (last - first || 1)) * WIDTH;
      const py = 2 + (1 - (y - low) / (high - low || 1)) * (HEIGHT - 4);
      return `${i === 0 ? "M" : "L"}${px.toFixed(1)} ${py.toFixed(1)}`;
    })
    .join("");
}
