/** Says on every page that the server is out of reach, and asks again. It covers nothing that moves. */
import { useEffect } from "react";
import { retryNow, setOffline, useOffline } from "../state/offline";
import { usePage } from "../state/store";
import { Icon } from "../ui/Icon";
import * as styles from "./ConnectionBanner.module.css";

/** A reconnect usually takes less, ms. */
const PATIENCE_MS = 1000;

export function ConnectionBanner() {
  const lost = usePage((page) => page.connection === "reconnecting");
  const offline = useOffline();
  useEffect(() => {
    if (!lost) {
      // What waits for the connection to come back hears of it before.
      const timer = setTimeout(() => setOffline(false));
      return () => clearTimeout(timer);
    }
    const timer = setTimeout(() => setOffline(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [lost]);
  if (!lost || !offline) return null;
  return (
    <div className={styles.banner} role="status" aria-label="Connection">
      <Icon name="warn" />
      <span>Connection lost. Training continues; reconnecting…</span>
      <button type="button" className="button small" onClick={retryNow}>
        Retry now
      </button>
    </div>
  );
}
