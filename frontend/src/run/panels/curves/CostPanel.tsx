/** The cost, live: its curve, the learning rate and momentum below it, and the step under the crosshair. */
import { useState } from "react";
import { fromWireNumber } from "../../../api/number";
import type { Run } from "../../../api/types";
import { costSeries, lastFinite } from "../../../charts/compose";
import { jumpToLive } from "../../../charts/gestures";
import { LineChart } from "../../../charts/LineChart";
import { momentumNames } from "../../../domain/chartGroups";
import { lastStep, valueAt } from "../../../domain/series";
import { measured, whole } from "../../../format/numbers";
import type { OpenRun } from "../../../state/state";
import { usePage, usePageThrottled } from "../../../state/store";
import { usePhone } from "../../../ui/hooks/useMediaQuery";
import { ChartTable } from "./ChartTable";
import { ChartTools } from "./ChartTools";
import * as styles from "./CostPanel.module.css";
import { ReadOut } from "./ReadOut";

/** A value is compared with the one this many steps before, for the arrow behind it. */
const TREND_STEPS = 50;
const OVER = ["finished", "stopped", "failed", "lost"];

export function CostPanel() {
  const phone = usePhone();
  const [table, setTable] = useState(false);
  const waiting = usePage((page) => (page.open ? waitingText(page.open) : ""));
  const momentum = usePage((page) => momentumNames(Object.keys(page.open?.curves.raw ?? {})).length > 0);
  const adam = usePage((page) => (page.open ? isAdam(page.open.run) : false));
  const names = usePage((page) => (page.open ? costSeries(page.open).join("\n") : "")).split("\n");
  const right = phone ? 82 : 96;
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
            height={phone ? 240 : 324}
            ticks
            right={right}
            testId="cost-chart"
            empty={waiting}
          />
          <ZoomOut right={right} />
        </div>
      )}
      <ReadOut />
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

function waitingText(open: OpenRun): string {
  if (!open.curves.loaded) return "Loading the curves…";
  if (open.run.status === "queued") return "Waiting for a free slot.";
  if (OVER.includes(open.run.status)) return "This run made no steps.";
  return "Waiting for the first step… PyTorch is starting (usually 2–4 s).";
}

function Headline() {
  const open = usePageThrottled((page) => page.open);
  if (!open) return null;
  const { curves, run } = open;
  const train = curves.smooth["train/cost"] ?? curves.raw["train/cost"];
  const val = curves.raw[costSeries(open)[1] ?? ""];
  const best = run.best;
  return (
    <p className="headline numbers">
      {train ? <Figure word="train" series={train} /> : null}
      {val ? <Figure word="val" series={val} /> : null}
      {best ? (
        <span>
          <span className="muted">best</span> <b>{measured(fromWireNumber(best.val_cost))}</b>{" "}
          <span className="muted">@{whole(best.step)}</span>
        </span>
      ) : null}
    </p>
  );
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
