/** The page of searches, whose code is loaded when it is first opened. */
import type { ComponentType } from "react";
import { useEffect, useState } from "react";

let loaded: ComponentType | null = null;

/** Not React's `lazy`: after a fallback it holds the page back for 300 ms. */
export function LazySearchPage() {
  const [Page, setPage] = useState<ComponentType | null>(() => loaded);
  const [failed, setFailed] = useState<Error | null>(null);
  useEffect(() => {
    if (loaded) return;
    import("./SearchPage")
      .then(({ SearchPage }) => {
        loaded = SearchPage;
        setPage(() => SearchPage);
      })
      .catch(setFailed);
  }, []);
  if (failed) throw failed; // the boundary around the page says so
  return Page ? <Page /> : <main id="main" aria-busy="true" />;
}
