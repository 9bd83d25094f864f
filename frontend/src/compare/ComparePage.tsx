/** Up to six runs side by side: their curves, what differs, and who was sooner at a value. */
import { useEffect, useMemo, useState } from "react";
import { measured, whole } from "../format/numbers";
import { seriesWord } from "../format/objective";
import { parseNumber } from "../format/parseNumber";
import { comparePath, navigate, runPath } from "../state/route";
import { Icon } from "../ui/Icon";
import { Link } from "../ui/Link";
import { NotFound } from "../ui/NotFound";
import { StatusText } from "../ui/StatusText";
import { CompareChart, Mark } from "./CompareChart";
import * as styles from "./ComparePage.module.css";
import type { ComparedRun } from "./comparison";
import { commonTarget, differences, firstFork, readRunIds, stepTo, verdict } from "./comparison";
import { useComparison } from "./useComparison";

/** More series than this would be a list of charts, and no comparison. */
const CHARTS_MAX = 6;

export function ComparePage() {
  const [ids, setIds] = useState(() => readRunIds(location.search));
  const { runs, problem } = useComparison(ids);
  useEffect(() => {
    document.title = "Compare – Babysit";
  }, []);
  const remove = (id: number) => {
    const left = ids.filter((other) => other !== id);
    navigate(comparePath(left), true);
    setIds(left);
  };
  if (problem !== null) {
    return <NotFound title="These runs cannot be compared." problem={problem} to="/runs" all="All runs" />;
  }
  if (ids.length === 0) {
    return (
      <NotFound
        title="No runs are chosen."
        problem="Tick two to six runs in the list, then press Compare."
        to="/runs"
        all="All runs"
      />
    );
  }
  if (runs === null) return <main id="main" aria-busy="true" />;
  return <Comparison runs={runs} onRemove={remove} />;
}

interface ComparisonProps {
  runs: ComparedRun[];
  onRemove: (id: number) => void;
}

function Comparison({ runs, onRemove }: ComparisonProps) {
  const [log, setLog] = useState(false);
  const [sinceFork, setSinceFork] = useState(true);
  const [hover, setHover] = useState<number | null>(null);
  const fork = firstFork(runs.map(({ run }) => run));
  const from = fork !== null && sinceFork ? fork : 0;
  const charts = useMemo(
    () =>
      seriesNames(runs).map((name) => ({
        name,
        lines: runs.flatMap(({ run, raw }, index) => {
          const series = raw[name];
          return series ? [{ index, name: run.name, series }] : [];
        }),
      })),
    [runs],
  );
  return (
    <main id="main" className={styles.compare}>
      <section className="panel" aria-labelledby="compare">
        <div className="panel-head">
          <h1 id="compare" tabIndex={-1}>
            Compare
          </h1>
          <div className="tools">
            {fork === null ? null : (
              <button
                type="button"
                className="button toggle"
                aria-pressed={sinceFork}
                onClick={() => setSinceFork(!sinceFork)}
              >
                Since the fork at {whole(fork)}
              </button>
            )}
            <button
              type="button"
              className="button toggle"
              aria-pressed={log}
              aria-label="Logarithmic vertical axis"
              onClick={() => setLog(!log)}
            >
              Log y
            </button>
          </div>
        </div>
        <Verdict runs={runs} from={from} />
        <Differences runs={runs} onRemove={onRemove} />
      </section>
      <div className={styles.charts}>
        {charts.map(({ name, lines }) => (
          <CompareChart
            key={name}
            name={name}
            lines={lines}
            from={from}
            log={log && name.endsWith("/cost")}
            hover={hover}
            onHover={setHover}
          />
        ))}
      </div>
    </main>
  );
}

/** Costs first, then validation before training. */
function seriesNames(runs: ComparedRun[]): string[] {
  const names = [...new Set(runs.flatMap(({ raw }) => Object.keys(raw)))];
  const rank = (name: string): number => (name.endsWith("/cost") ? 0 : 2) + (name.startsWith("val/") ? 0 : 1);
  return names.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b)).slice(0, CHARTS_MAX);
}

/** Who reaches a value first; the value can be typed. */
function Verdict({ runs, from }: { runs: ComparedRun[]; from: number }) {
  const [typed, setTyped] = useState("");
  const first = runs[0]?.run;
  const common = commonTarget(runs.map(({ run }) => run));
  const typedValue = typed.trim() ? parseNumber(typed, NaN) : NaN;
  const target = Number.isFinite(typedValue) ? typedValue : common;
  if (!first || runs.some(({ run }) => run.objective !== first.objective)) return null;
  const word = seriesWord(first.objective);
  const steps = runs.map(({ run, raw }) => stepTo(raw[run.objective], target ?? NaN, run.mode, from));
  const names = runs.map(({ run }) => run.name);
  return (
    <p className={`${styles.verdict} numbers`}>
      <span aria-live="polite">
        {target === null
          ? "Not every run has been evaluated yet."
          : verdict(names, steps, word, target, first.mode)}
      </span>
      <label className={styles.target}>
        <span className="muted">Target</span>
        <input
          className="field"
          inputMode="decimal"
          placeholder={common === null ? "" : measured(common)}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      </label>
    </p>
  );
}

/** A column for each run, a row for each thing that is not the same. */
function Differences({ runs, onRemove }: ComparisonProps) {
  const rows = differences(runs.map(({ run }) => run));
  return (
    <div className={`table-place ${styles.differences}`} tabIndex={0} role="group" aria-label="What differs">
      <table className="table">
        <caption className="unseen">What differs between the runs</caption>
        <thead>
          <tr>
            <td />
            {runs.map(({ run }, index) => (
              <th scope="col" key={run.id}>
                <span className={styles.run}>
                  <Mark index={index} />
                  <Link to={runPath(run.id)}>{run.name}</Link>
                  <span className="muted numbers">#{run.id}</span>
                  <button
                    type="button"
                    className="button quiet square small"
                    aria-label={`Leave out ${run.name}`}
                    title="Leave out"
                    onClick={() => onRemove(run.id)}
                  >
                    <Icon name="close" />
                  </button>
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">Best {seriesWord(runs[0]?.run.objective ?? "")}</th>
            {runs.map(({ run }) => (
              <td key={run.id} className="numbers">
                {run.best ? (
                  <>
                    <b>{measured(run.best.value)}</b> <span className="muted">@{whole(run.best.step)}</span>
                  </>
                ) : (
                  "–"
                )}
              </td>
            ))}
          </tr>
          <tr>
            <th scope="row">Status</th>
            {runs.map(({ run }) => (
              <td key={run.id} className="numbers">
                <StatusText status={run.status}>
                  {run.status}, step {whole(run.step)}
                </StatusText>
              </td>
            ))}
          </tr>
          {rows.map(({ name, texts }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {texts.map((text, i) => (
                <td key={runs[i]?.run.id} className="numbers">
                  {text}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 ? <p className="muted small-text">These runs began with the same values.</p> : null}
    </div>
  );
}
