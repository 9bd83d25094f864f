/** One run, live or from last year: its curves, its controls, its tree and its journal. */
import { useEffect, useState } from "react";
import { Alerts } from "../components/Alerts";
import { CheckpointsPanel } from "../components/CheckpointsPanel";
import { CostPanel } from "../components/CostPanel";
import { CurvesPanel } from "../components/CurvesPanel";
import { Icon } from "../components/Icon";
import { JournalPanel } from "../components/JournalPanel";
import { PicturePanel } from "../components/PicturePanel";
import { SettingsPanel } from "../components/SettingsPanel";
import { Tour } from "../components/Tour";
import { useNarrow, usePhone } from "../components/media";
import { BottomBar } from "../controls/BottomBar";
import { Rail } from "../controls/Rail";
import { getPlace, go, runAddress, usePlace } from "../state/address";
import { openDialog } from "../state/dialogs";
import { followRun, loadRuns } from "../state/follow";
import { startDemo } from "../state/steer";
import { dispatch, usePage } from "../state/store";
import { useWatching } from "../state/watching";

/** While there is no run, the server may be about to start the demo; looked for this often, ms. */
const LOOK_MS = 500;

export function BabysitPage() {
  const place = usePlace();
  const open = usePage((page) => page.open !== null);
  const problem = usePage((page) => page.openProblem);
  useFollowed(place.run);
  useTitle();
  if (place.run === null) return <NoRun />;
  if (problem !== null) return <Missing problem={problem} />;
  if (!open) return <main id="main" className="babysit babysit-loading" aria-busy="true" />;
  return <OpenedRun />;
}

function useFollowed(run: number | null): void {
  useEffect(() => {
    if (run === null) return undefined;
    const stop = followRun(run);
    return () => {
      stop();
      dispatch({ type: "view", change: { zoom: null, pinned: null, hover: null, entry: null, frozen: false } });
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
  const watching = useWatching();
  const shows = (name: string): boolean => !phone || tab === name;
  return (
    <main id="main" className={narrow ? "babysit narrow" : "babysit"}>
      <RunHeading />
      <Alerts />
      <CostPanel />
      {narrow ? null : <Rail />}
      {phone ? <Tabs tab={tab} onTab={setTab} /> : null}
      {shows("curves") ? <CurvesPanel /> : null}
      {shows("curves") ? <PicturePanel /> : null}
      {shows("tree") ? <CheckpointsPanel /> : null}
      {shows("log") ? <JournalPanel /> : null}
      {shows("settings") ? <SettingsPanel /> : null}
      {narrow ? <BottomBar /> : null}
      {watching ? null : <Tour />}
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
    <div className="tabs" role="group" aria-label="Panels">
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
  const watching = useWatching();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let left = false;
    const look = async () => {
      const runs = await loadRuns().catch(() => []);
      if (left || getPlace().run !== null) return;
      const best = runs.find((run) => ACTIVE.includes(run.status)) ?? runs[0];
      if (best) go(runAddress(best.id), true);
      else timer = setTimeout(() => void look(), LOOK_MS);
      setEmpty(runs.length === 0);
    };
    void look();
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, []);
  return (
    <main id="main" className="babysit-empty" aria-busy={!loaded}>
      {loaded && empty ? (
        <div className="panel empty-box">
          <h1>No runs yet.</h1>
          {watching ? null : (
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

function Missing({ problem }: { problem: string }) {
  return (
    <main id="main" className="babysit-empty">
      <div className="panel empty-box" role="alert">
        <h1>This run cannot be shown.</h1>
        <p>{problem}</p>
        <p>
          <button type="button" className="button" onClick={() => go("/runs")}>
            All runs
          </button>
        </p>
      </div>
    </main>
  );
}
