/** The top of every page: where am I, which run, how is it, and the few things that are always at hand. */
import { Switch } from "react-aria-components";
import { openDialog } from "../state/dialogs";
import { setNotify, useNotify } from "../state/notify/notify";
import { useRoute } from "../state/route";
import { usePage } from "../state/store";
import { setDark, useDark } from "../ui/hooks/useTheme";
import { Icon } from "../ui/Icon";
import { Link } from "../ui/Link";
import { Panda } from "../ui/Panda";
import * as styles from "./Header.module.css";
import { RunSwitcher } from "./RunSwitcher";
import { StatusChip } from "./StatusChip";

/** Where the first link of each page leads. */
const SKIPS = {
  babysit: ["#cost", "Skip to charts"],
  runs: ["#runs", "Skip to runs"],
  caviar: ["#main", "Skip to caviar"],
  machines: ["#main", "Skip to machines"],
  compare: ["#compare", "Skip to the comparison"],
  unknown: ["#main", "Skip to the page"],
} as const;

export function Header() {
  const route = useRoute();
  const session = usePage((page) => page.session);
  const dark = useDark();
  const run = usePage((page) => page.open?.run.id ?? null);
  const home = run !== null ? `/?run=${run}` : "/";
  return (
    <header className={styles.header}>
      <a className={styles.skip} href={SKIPS[route.page][0]}>
        {SKIPS[route.page][1]}
      </a>
      <Link to={home} className={styles.logo} aria-label="Babysit home">
        <Panda size={28} />
        <span>Babysit</span>
      </Link>
      {session === "owner" || session === "viewer" ? (
        <>
          <nav aria-label="Main" className={styles.nav}>
            <Link to={home} current={route.page === "babysit"}>
              Babysit
            </Link>
            <Link to="/runs" current={route.page === "runs"}>
              Runs
            </Link>
            <Link to="/caviar" current={route.page === "caviar"}>
              Caviar
            </Link>
            <Link to="/machines" current={route.page === "machines"}>
              Machines
            </Link>
          </nav>
          {route.page === "babysit" ? (
            <>
              <RunSwitcher />
              <StatusChip />
            </>
          ) : null}
        </>
      ) : null}
      <div className={styles.headerEnd}>
        {session === "viewer" ? <span className="badge">Watching only</span> : null}
        {session === "owner" ? (
          <button
            type="button"
            className="button"
            aria-label="New run"
            onClick={() => openDialog({ kind: "new_run" })}
          >
            <Icon name="plus" />
            <span className={styles.buttonWord}>New run</span>
          </button>
        ) : null}
        {route.page === "babysit" && run !== null ? <NotifyButton /> : null}
        <Switch className={styles.themeSwitch} isSelected={dark} onChange={setDark} aria-label="Dark theme">
          <span aria-hidden="true">
            <Icon name="moon" />
          </span>
        </Switch>
        <button
          type="button"
          className={`button quiet square ${styles.shortcutsButton}`}
          aria-label="Keyboard shortcuts"
          title="Keyboard shortcuts (?)"
          onClick={() => openDialog({ kind: "shortcuts" })}
        >
          <Icon name="help" />
        </button>
      </div>
    </header>
  );
}

/** A phone has no room for it, and its browser shows none. */
function NotifyButton() {
  const on = useNotify();
  return (
    <button
      type="button"
      className={`button quiet square toggle ${styles.notify}`}
      aria-pressed={on}
      aria-label="Notify me"
      title="Notify me when this run pauses by itself, fails or finishes"
      onClick={() => void setNotify(!on)}
    >
      <Icon name="bell" />
    </button>
  );
}
