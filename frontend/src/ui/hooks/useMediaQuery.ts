/** Which of the three layouts fits the window. */
import { useSyncExternalStore } from "react";

/** Below this the controls leave the right rail for a bar at the bottom, px. */
const RAIL_PX_MIN = 1024;
/** Below this one panel is shown at a time, behind tabs, px. */
const TABS_PX_MAX = 700;

/** From here on the tree and the journal have a column of their own, px. As in `RunPage.module.css`. */
const ROOMY_PX_MIN = 1600;

function useMediaQuery(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = matchMedia(query);
      media.addEventListener("change", listener);
      return () => media.removeEventListener("change", listener);
    },
    () => matchMedia(query).matches,
  );
}

export const useNarrow = (): boolean => useMediaQuery(`(max-width: ${RAIL_PX_MIN - 1}px)`);
export const useRoomy = (): boolean => useMediaQuery(`(min-width: ${ROOMY_PX_MIN}px)`);
export const usePhone = (): boolean => useMediaQuery(`(max-width: ${TABS_PX_MAX}px)`);
