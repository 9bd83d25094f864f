/** Which page is shown, and to whom. */
import { Suspense, lazy, useEffect } from "react";
import { signIn, whenSignedOut, whoAmI } from "./api/client";
import { Boundary } from "./components/Boundary";
import { Header } from "./components/Header";
import { Shortcuts } from "./components/Shortcuts";
import { SignIn } from "./components/SignIn";
import { Toasts } from "./components/Toasts";
import { useKeys } from "./components/keys";
import { ForkDialog } from "./forms/ForkDialog";
import { NewRunDialog } from "./forms/NewRunDialog";
import { ReplayDialog } from "./forms/ReplayDialog";
import { PromoteDialog } from "./caviar/PromoteDialog";
import { RefineDialog } from "./caviar/RefineDialog";
import { BabysitPage } from "./pages/BabysitPage";
import { RunsPage } from "./pages/RunsPage";
import { readView, usePlace, writeView } from "./state/address";
import { useDialog } from "./state/dialogs";
import { loadTasks } from "./state/follow";
import { dispatch, getPage, subscribe, usePage } from "./state/store";
import { toastProblem } from "./state/toasts";

/** The page of searches is loaded when somebody goes there. */
const CaviarPage = lazy(() => import("./caviar/CaviarPage").then(({ CaviarPage: page }) => ({ default: page })));

const TOKEN = /^#t=(.+)$/;
/** This visit begins with a token; until it is exchanged, every question would be refused. */
const signsIn = TOKEN.test(location.hash);

/** The view is written into the address at most this often, ms. */
const ADDRESS_MS = 300;

const PAGES = {
  babysit: <BabysitPage />,
  runs: <RunsPage />,
  caviar: (
    <Suspense fallback={<main id="main" aria-busy="true" />}>
      <CaviarPage />
    </Suspense>
  ),
};

export function App() {
  const session = usePage((page) => page.session);
  const place = usePlace();
  // Who comes back is most likely still signed in: the run is asked for at once, and a refusal says otherwise.
  const signedIn = session === "owner" || session === "viewer";
  const shown = signedIn || (session === "unknown" && !signsIn);
  useKeys();
  useEffect(() => {
    dispatch({ type: "view", change: readView(location.search) });
    whenSignedOut(() => dispatch({ type: "signed_out" }));
    void enter();
    return keepAddress();
  }, []);
  useEffect(() => {
    if (signedIn) loadTasks().catch(toastProblem);
  }, [signedIn]);
  return (
    <>
      <Header />
      {session === "signed_out" ? <SignIn /> : null}
      {shown ? <Boundary key={place.page}>{PAGES[place.page]}</Boundary> : null}
      {signedIn ? <Dialogs /> : null}
      <Toasts />
    </>
  );
}

/** The printed address carries the token in its fragment, which never reaches a server log. */
async function enter(): Promise<void> {
  const token = TOKEN.exec(location.hash)?.[1];
  if (token) {
    history.replaceState(null, "", location.pathname + location.search);
    try {
      await signIn(decodeURIComponent(token));
    } catch {
      // The cookie of an earlier visit may still be good; the next question tells.
    }
  }
  try {
    dispatch({ type: "signed_in", role: (await whoAmI()).role });
  } catch {
    dispatch({ type: "signed_out" });
  }
}

function keepAddress(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let written = getPage().view;
  return subscribe(() => {
    const { view } = getPage();
    if (view === written) return;
    written = view;
    clearTimeout(timer);
    timer = setTimeout(() => writeView(view), ADDRESS_MS);
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
      return <PromoteDialog runId={dialog.runId} trial={dialog.trial} searchId={dialog.searchId} steps={dialog.steps} />;
    case "refine":
      return <RefineDialog search={dialog.search} widenEdges={dialog.widenEdges} />;
    case "shortcuts":
      return <Shortcuts />;
    default:
      return null;
  }
}
