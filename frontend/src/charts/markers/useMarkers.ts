/** The marks of the open run, worked out again only when something new is to be marked. */
import { useMemo } from "react";
import type { Marker } from "../../domain/markers";
import { allMarkers } from "../../domain/markers";
import { getPage, usePage } from "../../state/store";

export function useMarkers(): Marker[] {
  const run = usePage((page) => page.open?.run.id);
  const events = usePage((page) => page.open?.events);
  const inherited = usePage((page) => page.open?.inherited);
  const family = usePage((page) => page.open?.family);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the run itself moves several times a second; only these parts of it bring a marker
  return useMemo(() => {
    const open = getPage().open;
    return open ? allMarkers(open) : [];
  }, [run, events, inherited, family]);
}
