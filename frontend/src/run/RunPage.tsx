/** One run, live or from last year: its curves, its controls, its tree and its journal. */
import { useEffect, useState } from "react";
import { startDemo } from "../state/commands/commands";
import { openDialog } from "../state/dialogs";
import { useIsViewer } from "../state/permissions";
import { getRoute, navigate, runPath, useRoute } from "../state/route";
import { loadRuns, startRunSession } from "../state/runSession";
import { dispatch, usePage } from "../state/store";
import { useNarrow, usePhone } from "../ui/hooks/useMediaQuery";
import { Icon } from "../ui/Icon";
import { NotFound } from "../ui/NotFound";
import { BottomBar } from "./controls/BottomBar";
import { ControlRail } from "./controls/ControlRail";
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
        change: { zoom: null, pinned: null, hover: null, entry: null, frozen: false },
      });
    };
  }, [run]);
}

function useTitle(): void {
  const title = usePage((page) => {
    const run = page.open?.run;
    if (!run) return "Babysit";
    const alarmed = run.status === "paused" && run.reason === "guard";
    return `${alarmed ? "(!) Paused – " : ""}${run.name} – Babysit`;
  });
  useEffect(() => {
    document.title = title;
  }, [title]);
}

function OpenedRun() {
  const narrow = useNarrow();
  const phone = usePhone();
  const [tab, setTab] = useState("curves");
  const isViewer = useIsViewer();
  const shows = (name: string): boolean => !phone || tab === name;
  return (
    <main id="main" className={styles.babysit}>
      <RunHeading />
      <Alerts />
      <CostPanel />
      {narrow ? null : <ControlRail />}
      {phone ? <Tabs tab={tab} onTab={setTab} /> : null}
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

const TABS: [string, string][] = [
  ["curves", "Curves"],
  ["tree", "Tree"],
  ["log", "Log"],
  ["settings", "Settings"],
];

function Tabs({ tab, onTab }: { tab: string; onTab: (tab: string) => void }) {
  return (
    <div className={styles.tabs} role="group" aria-label="Panels">
      {TABS.map(([name, word]) => (
        <button key={name} type="button" aria-pressed={tab === name} onClick={() => onTab(name)}>
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
