/** The page of searches, whose code is loaded when it is first opened. */
import type { ComponentType } from "react";
import { useEffect, useState } from "react";
import { getSession, isAway } from "../api/client";
import { dispatch } from "../state/store";

/** While the server is away it is asked so often whether it is back, ms. */
const RETRY_MS = 1000;

let loaded: ComponentType | null = null;

/** Not React's `lazy`: after a fallback it holds the page back for 300 ms. */
export function LazySearchPage() {
  const [Page, setPage] = useState<ComponentType | null>(() => loaded);
  const [failed, setFailed] = useState<Error | null>(null);
  const [away, setAway] = useState(false);
  useEffect(() => {
    if (loaded) return;
    import("./SearchPage")
      .then(({ SearchPage }) => {
        loaded = SearchPage;
        setPage(() => SearchPage);
      })
      .catch((error: Error) =>
        getSession()
          .then(() => setFailed(error)) // the server is there, so waiting would not help
          .catch((reason: unknown) => (isAway(reason) ? setAway(true) : setFailed(error))),
      );
  }, []);
  useReloadWhenBack(away);
  if (failed) throw failed; // the boundary around the page says so
  return Page ? <Page /> : <main id="main" aria-busy="true" />;
}

/** Code that could not be fetched is fetched by a new load of the page: its styles are not asked for twice. */
function useReloadWhenBack(away: boolean): void {
  useEffect(() => {
    if (!away) return undefined;
    dispatch({ type: "connection", connection: "reconnecting" });
    const ask = () => {
      getSession()
        .then(() => location.reload())
        .catch(() => undefined);
    };
    const timer = setInterval(ask, RETRY_MS);
    window.addEventListener("online", ask);
    return () => {
      clearInterval(timer);
      window.removeEventListener("online", ask);
    };
  }, [away]);
}
