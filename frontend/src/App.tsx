/** Which page is shown, and to whom. */
import { useEffect } from "react";
import { getSession, setSignedOutHandler, signIn } from "./api/client";
import { ComparePage } from "./compare/ComparePage";
import { MachinesPage } from "./machines/MachinesPage";
import { ForkDialog } from "./run/dialogs/ForkDialog";
import { NewRunDialog } from "./run/dialogs/NewRunDialog";
import { ReplayDialog } from "./run/dialogs/ReplayDialog";
import { RunPage } from "./run/RunPage";
import { RunsPage } from "./runs/RunsPage";
import { PromoteDialog } from "./search/dialogs/PromoteDialog";
import { RefineDialog } from "./search/dialogs/RefineDialog";
import { LazySearchPage } from "./search/LazySearchPage";
import { ConnectionBanner } from "./shell/ConnectionBanner";
import { Header } from "./shell/Header";
import { linkRefused } from "./shell/linkRefused";
import { Palette } from "./shell/palette/Palette";
import { Shortcuts } from "./shell/Shortcuts";
import { SignIn } from "./shell/SignIn";
import { useShortcuts } from "./shell/useShortcuts";
import { useDialog } from "./state/dialogs";
import { readView, useRoute, writeView } from "./state/route";
import { loadTasks } from "./state/session/runSession";
import { dispatch, getPage, subscribe, usePage } from "./state/store";
import { toastError } from "./state/toasts";
import { ErrorBoundary } from "./ui/ErrorBoundary";
import { NotFound } from "./ui/NotFound";
import { Toasts } from "./ui/toasts/Toasts";

const TOKEN = /^#t=(.+)$/;
/** This visit begins with a token; until it is exchanged, every question would be refused. */
const hasToken = TOKEN.test(location.hash);

/** The view is written into the address at most this often, ms. */
const URL_DELAY_MS = 300;

const PAGES = {
  babysit: <RunPage />,
  runs: <RunsPage />,
  caviar: <LazySearchPage />,
  machines: <MachinesPage />,
  compare: <ComparePage />,
  unknown: (
    <NotFound
      title="There is no such page."
      problem="The address may be mistyped."
      to="/runs"
      all="All runs"
    />
  ),
};

export function App() {
  const session = usePage((page) => page.session);
  const route = useRoute();
  // A returning user is most likely still signed in: the run is requested at once, and a 401 says otherwise.
  const signedIn = session === "owner" || session === "viewer";
  const shown = signedIn || (session === "unknown" && !hasToken);
  useShortcuts();
  useEffect(() => {
    dispatch({ type: "view", change: readView(location.search) });
    setSignedOutHandler(() => dispatch({ type: "signed_out" }));
    void signInFromUrl();
    return syncViewToUrl();
  }, []);
  useEffect(() => {
    if (signedIn) loadTasks().catch(toastError);
  }, [signedIn]);
  return (
    <>
      <Header />
      <ConnectionBanner />
      {session === "signed_out" ? <SignIn /> : null}
      {shown ? <ErrorBoundary key={route.page}>{PAGES[route.page]}</ErrorBoundary> : null}
      {signedIn ? <Dialogs /> : null}
      <Toasts />
    </>
  );
}

/** The printed address carries the token in its fragment, which never reaches a server log. */
async function signInFromUrl(): Promise<void> {
  const token = TOKEN.exec(location.hash)?.[1];
  let refused = false;
  if (token) {
    history.replaceState(null, "", location.pathname + location.search);
    try {
      await signIn(decodeURIComponent(token));
    } catch {
      // The cookie of an earlier visit may still be good; the next question tells.
      refused = true;
    }
  }
  try {
    dispatch({ type: "signed_in", role: (await getSession()).role });
  } catch {
    dispatch({ type: "signed_out" });
    if (refused) linkRefused.set(true);
  }
}

function syncViewToUrl(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let written = getPage().view;
  return subscribe(() => {
    const { view } = getPage();
    if (view === written) return;
    written = view;
    clearTimeout(timer);
    timer = setTimeout(() => writeView(view), URL_DELAY_MS);
  });
}

function Dialogs() {
  const dialog = useDialog();
  switch (dialog?.kind) {
    case "new_run":
      return <NewRunDialog like={dialog.like} />;
    case "fork":
      return <ForkDialog checkpoint={dialog.checkpoint} values={dialog.values} />;
    case "replay":
      return <ReplayDialog runId={dialog.runId} own={dialog.seed} />;
    case "promote":
      return (
        <PromoteDialog
          runId={dialog.runId}
          trial={dialog.trial}
          searchId={dialog.searchId}
          steps={dialog.steps}
        />
      );
    case "refine":
      return <RefineDialog search={dialog.search} widenEdges={dialog.widenEdges} />;
    case "palette":
      return <Palette />;
    case "shortcuts":
      return <Shortcuts />;
    default:
      return null;
  }
}
