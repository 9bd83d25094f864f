/** The cost, live: its curve, the learning rate and momentum below it, and the step under the crosshair. */
import { useState } from "react";
import type { Run } from "../../../api/types";
import { costSeries } from "../../../charts/compose";
import { lastFinite } from "../../../charts/drawing";
import { jumpToLive } from "../../../charts/gestures";
import { LineChart } from "../../../charts/LineChart";
import { momentumNames } from "../../../domain/chartGroups";
import type { Series } from "../../../domain/series";
import { emptySeries, lastStep, valueAt, windowOf } from "../../../domain/series";
import { continueSmoothed } from "../../../domain/smoothing";
import { OVER } from "../../../domain/status";
import { measured, whole } from "../../../format/numbers";
import { seriesWord } from "../../../format/objective";
import type { OpenRun } from "../../../state/state";
import { usePage, usePageThrottled } from "../../../state/store";
import { useChartHeight } from "../../../ui/hooks/useChartHeight";
import { usePhone } from "../../../ui/hooks/useMediaQuery";
import { BranchLegend } from "./BranchLegend";
import { ChartTable } from "./ChartTable";
import { ChartTools } from "./ChartTools";
import * as styles from "./CostPanel.module.css";
import { LastChange } from "./readout/LastChange";
import { ReadOut } from "./readout/ReadOut";

/** A value is compared with the one this many steps before, for the arrow behind it. */
const TREND_STEPS = 50;

export function CostPanel() {
  const phone = usePhone();
  const [table, setTable] = useState(false);
  const waiting = usePage((page) => (page.open ? waitingText(page.open, page.runs) : ""));
  const momentum = usePage((page) => momentumNames(Object.keys(page.open?.curves.raw ?? {})).length > 0);
  const adam = usePage((page) => (page.open ? isAdam(page.open.run) : false));
  const names = usePage((page) => (page.open ? costSeries(page.open).join("\n") : "")).split("\n");
  // A phone has no room for labels at the ends of curves: the row below has the values.
  const right = phone ? 22 : 96;
  const height = useChartHeight();
  return (
    <section className={`panel ${styles.cost}`} aria-labelledby="cost" id="cost-panel">
      <div className="panel-head" data-part="head">
        <h2 id="cost" tabIndex={-1}>
          Cost
        </h2>
        <Headline />
        <ChartTools table={table} onTable={setTable} />
      </div>
      {table ? (
        <ChartTable names={names} caption="Cost" />
      ) : (
        <div className={styles.zoomable}>
          <LineChart
            name="cost"
            label="Cost chart"
            height={height}
            ticks
            right={right}
            testId="cost-chart"
            empty={waiting}
          />
          <ZoomOut right={right} />
        </div>
      )}
      <BranchLegend />
      <ReadOut />
      <LastChange />
      <Strip name="lr" label="Learning rate strip" word="lr" height={58} right={right} testId="lr-strip" />
      {momentum ? (
        <Strip name="momentum" label="Momentum strip" word={adam ? "β₁" : "β"} height={50} right={right} />
      ) : null}
    </section>
  );
}

/** Whether what is recorded as the momentum is β₁. */
const isAdam = ({ values }: Run): boolean =>
  String(values["optimizer"] ?? "").startsWith("adam") ||
  (values["optimizer"] === undefined && Object.keys(values).some((name) => /(^|\.)beta1(\.|$)/.test(name)));

/** Lies over the chart: in the head of the panel it would push the other tools into a second row. */
function ZoomOut({ right }: { right: number }) {
  const zoomed = usePage((page) => page.view.zoom !== null);
  const over = usePage((page) => OVER.includes(page.open?.run.status ?? ""));
  if (!zoomed) return null;
  return (
    <button
      type="button"
      className={`button ${styles.pill} ${styles.zoomOut}`}
      style={{ right: right + 8 }}
      onClick={jumpToLive}
    >
      {over ? "Show the whole run" : "Jump to live ▸"}
    </button>
  );
}

interface StripProps {
  name: "lr" | "momentum";
  label: string;
  word: string;
  height: number;
  right: number;
  testId?: string;
}

function Strip({ name, label, word, height, right, testId }: StripProps) {
  return (
    <div className={styles.strip}>
      <span className={styles.stripWord} aria-hidden="true">
        {word}
      </span>
      <LineChart
        name={name}
        label={label}
        height={height}
        ticks={false}
        right={right}
        testId={testId}
        empty=""
      />
    </div>
  );
}

const TRAINING = ["running", "starting"];

function queueText(runs: Run[]): string {
  const names = runs.filter((run) => TRAINING.includes(run.status)).map((run) => run.name);
  if (names.length === 0) return "The run is queued.";
  return `The run is queued; ${names.join(", ")} ${names.length === 1 ? "is" : "are"} training.`;
}

function waitingText(open: OpenRun, runs: Run[]): string {
  if (!open.curves.loaded) return "Loading the curves…";
  if (open.run.status === "queued") return queueText(runs);
  if (OVER.includes(open.run.status)) return "This run made no steps.";
  return "Waiting for the first step… PyTorch is starting (usually 2–4 s).";
}

function Headline() {
  const open = usePageThrottled((page) => page.open);
  if (!open) return null;
  const { curves, run } = open;
  const train = headCost(curves);
  const val = curves.raw[costSeries(open)[1] ?? ""];
  const best = run.best;
  return (
    <p className="headline numbers">
      {train ? <Figure word="train" series={train} /> : null}
      {val ? <Figure word="val" series={val} /> : null}
      {best ? (
        <span>
          <span className="muted">best {seriesWord(run.objective)}</span> <b>{measured(best.value)}</b>{" "}
          <span className="muted">@{whole(best.step)}</span>
        </span>
      ) : null}
    </p>
  );
}

const HEAD_STEPS = 20;

/** The average over the last steps, whatever the slider says: a longer one would lag behind validation. */
function headCost(curves: OpenRun["curves"]): Series | undefined {
  const raw = curves.raw["train/cost"];
  if (!raw || curves.smoothSteps === HEAD_STEPS) return curves.smooth["train/cost"] ?? raw;
  const smooth = emptySeries();
  continueSmoothed(smooth, windowOf(raw, lastStep(raw) - 10 * HEAD_STEPS, lastStep(raw)), HEAD_STEPS);
  return smooth;
}

function Figure({ word, series }: { word: string; series: NonNullable<OpenRun["curves"]["raw"][string]> }) {
  const now = lastFinite(series);
  const before = valueAt(series, lastStep(series) - TREND_STEPS);
  if (now === null) return null;
  const flat = before === null || Math.abs(now - before) < Math.abs(now) * 0.002;
  const trend = flat ? "" : now < before ? "▼" : "▲";
  return (
    <span>
      <span className={styles.swatch} data-series={word} aria-hidden="true" />
      <span className="muted">{word}</span> <b>{measured(now)}</b>{" "}
      <span className={trend === "▲" ? styles.trendUp : styles.trendDown} aria-hidden="true">
        {trend}
      </span>
    </span>
  );
}
