/** One run, live or from last year: its curves, its controls, its tree and its journal. */
import { useEffect, useState } from "react";
import { startDemo } from "../state/commands/commands";
import { openDialog } from "../state/dialogs";
import { takeFocus } from "../state/focusNext";
import { badgeOf, titleOf } from "../state/notify/notice";
import { showBadge } from "../state/notify/notify";
import { useIsViewer } from "../state/permissions";
import { getRoute, navigate, runPath, useRoute } from "../state/route";
import { loadRuns, startRunSession } from "../state/session/runSession";
import type { Tab } from "../state/state";
import { dispatch, usePage } from "../state/store";
import { useNarrow, usePhone } from "../ui/hooks/useMediaQuery";
import { Icon } from "../ui/Icon";
import { NotFound } from "../ui/NotFound";
import { BottomBar } from "./controls/BottomBar";
import { ControlRail } from "./controls/ControlRail";
import { AdviceCard } from "./controls/cards/AdviceCard";
import { FinishCard } from "./controls/cards/FinishCard";
import { Alerts } from "./panels/Alerts";
import { CostPanel } from "./panels/curves/CostPanel";
import { CurvesPanel } from "./panels/curves/CurvesPanel";
import { PicturePanel } from "./panels/curves/PicturePanel";
import { CheckpointsPanel } from "./panels/history/CheckpointsPanel";
import { JournalPanel } from "./panels/history/JournalPanel";
import { SettingsPanel } from "./panels/SettingsPanel";
import { PartsPanel } from "./panels/script/PartsPanel";
import { ScriptPanel } from "./panels/script/ScriptPanel";
import { Tour } from "./panels/Tour";
import * as styles from "./RunPage.module.css";

/** While there is no run, the server may be about to start the demo; looked for this often, ms. */
const POLL_MS = 500;
const FOCUS_MS = 100;

export function RunPage() {
  const route = useRoute();
  const open = usePage((page) => page.open !== null);
  const problem = usePage((page) => page.openProblem);
  useRunSession(route.run);
  useTitle();
  if (route.run === null) return <NoRun />;
  if (problem !== null) {
    return <NotFound title="This run cannot be shown." problem={problem} to="/runs" all="All runs" />;
  }
  if (!open) return <main id="main" className={styles.babysit} aria-busy="true" />;
  return <OpenedRun />;
}

function useRunSession(run: number | null): void {
  useEffect(() => {
    if (run === null) return undefined;
    const stop = startRunSession(run);
    return () => {
      stop();
      dispatch({
        type: "view",
        change: {
          zoom: null,
          pinned: null,
          hover: null,
          entry: null,
          frozen: false,
          hiddenBranches: [],
          litBranch: null,
        },
      });
    };
  }, [run]);
}

function useTitle(): void {
  const title = usePage((page) => (page.open ? titleOf(page.open.run) : "Babysit"));
  const badge = usePage((page) => (page.open ? badgeOf(page.open.run) : "none"));
  useEffect(() => {
    document.title = title;
  }, [title]);
  useEffect(() => {
    showBadge(badge);
    return () => showBadge("none");
  }, [badge]);
}

function OpenedRun() {
  const narrow = useNarrow();
  const phone = usePhone();
  const tab = usePage((page) => page.view.tab);
  const isScript = usePage((page) => Boolean(page.open?.run.script));
  const isViewer = useIsViewer();
  useFocus();
  const shows = (name: Tab): boolean => !phone || tab === name;
  return (
    <main id="main" className={isScript ? `${styles.babysit} ${styles.withScript}` : styles.babysit}>
      <RunHeading />
      <Alerts />
      {narrow ? <Result /> : null}
      <CostPanel />
      {narrow ? null : <ControlRail />}
      {narrow ? <AdviceCard /> : null}
      {phone ? <Tabs tab={tab} /> : null}
      {shows("curves") ? <CurvesPanel /> : null}
      {shows("curves") ? <PicturePanel /> : null}
      {shows("tree") ? <CheckpointsPanel /> : null}
      {shows("log") ? <JournalPanel /> : null}
      {shows("settings") ? <SettingsPanel /> : null}
      {shows("settings") ? <ScriptPanel /> : null}
      {shows("settings") ? <PartsPanel /> : null}
      {narrow ? <BottomBar /> : null}
      {isViewer ? null : <Tour />}
    </main>
  );
}

/** The switcher shows the name already; a heading says it to those who move by headings. */
function RunHeading() {
  const name = usePage((page) => page.open?.run.name ?? "");
  return <h1 className="unseen">{name}</h1>;
}

const FOCUSED = {
  pause: '[aria-label="Pause training"], [aria-label="Resume training"]',
  chart: '[data-chart="cost"]',
};

/** After the start of a run, and after going back, the focus is where the next press is. */
function useFocus(): void {
  const run = usePage((page) => page.open?.run.id);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each run that is shown
  useEffect(() => {
    const target = takeFocus();
    if (target === null) return undefined;
    // The dialog gives the focus back to its button first.
    const timer = setTimeout(
      () => document.querySelector<HTMLElement>(FOCUSED[target])?.focus({ preventScroll: true }),
      FOCUS_MS,
    );
    return () => clearTimeout(timer);
  }, [run]);
}

/** On a wide page it stands among the controls. */
function Result() {
  const run = usePage((page) => page.open?.run ?? null);
  return run ? <FinishCard run={run} /> : null;
}

const TABS: [Tab, string][] = [
  ["curves", "Curves"],
  ["tree", "Tree"],
  ["log", "Log"],
  ["settings", "Settings"],
];

function Tabs({ tab }: { tab: Tab }) {
  const choose = (name: Tab) => dispatch({ type: "view", change: { tab: name } });
  const onKeyDown = (event: React.KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined) return;
    const at = TABS.findIndex(([name]) => name === tab);
    const next = TABS[(at + by + TABS.length) % TABS.length]?.[0];
    if (!next) return;
    choose(next);
    document.getElementById(`tab-${next}`)?.focus();
    event.preventDefault();
  };
  return (
    <div className={styles.tabs} role="tablist" aria-label="Panels" onKeyDown={onKeyDown}>
      {TABS.map(([name, word]) => (
        <button
          key={name}
          id={`tab-${name}`}
          type="button"
          role="tab"
          aria-selected={tab === name}
          tabIndex={tab === name ? 0 : -1}
          onClick={() => choose(name)}
        >
          {word}
        </button>
      ))}
    </div>
  );
}

const ACTIVE = ["running", "paused", "starting", "queued"];

/** No run in the address: the one that is active is opened, else the newest. */
function NoRun() {
  const loaded = usePage((page) => page.runsLoaded);
  const [empty, setEmpty] = useState(false);
  const isViewer = useIsViewer();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let cancelled = false;
    const poll = async () => {
      const runs = await loadRuns().catch(() => []);
      if (cancelled || getRoute().run !== null) return;
      const best = runs.find((run) => ACTIVE.includes(run.status)) ?? runs[0];
      if (best) navigate(runPath(best.id), true);
      else timer = setTimeout(() => void poll(), POLL_MS);
      setEmpty(runs.length === 0);
    };
    void poll();
    return () => {
      cancelled = true;
      clearTimeout(timer);
    };
  }, []);
  return (
    <main id="main" className="babysit-empty" aria-busy={!loaded}>
      {loaded && empty ? (
        <div className="panel empty-box">
          <h1>No runs yet.</h1>
          {isViewer ? null : (
            <>
              <p>
                <b>Start demo</b> to see one move, or <b>New run</b> to train your own data.
              </p>
              <p className="row">
                <button type="button" className="button primary" onClick={() => void startDemo()}>
                  <Icon name="play" /> Start demo
                </button>
                <button type="button" className="button" onClick={() => openDialog({ kind: "new_run" })}>
                  <Icon name="plus" /> New run
                </button>
              </p>
            </>
          )}
        </div>
      ) : null}
    </main>
  );
}
