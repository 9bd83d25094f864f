/** Which of the three layouts fits the window. */
import { useSyncExternalStore } from "react";

/** Below this the controls leave the right rail for a bar at the bottom, px. */
export const RAIL_PX_MIN = 1024;
/** Below this one panel is shown at a time, behind tabs, px. */
export const TABS_PX_MAX = 700;

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (read) => {
      const media = matchMedia(query);
      media.addEventListener("change", read);
      return () => media.removeEventListener("change", read);
    },
    () => matchMedia(query).matches,
  );
}

export const useNarrow = (): boolean => useMedia(`(max-width: ${RAIL_PX_MIN - 1}px)`);
export const usePhone = (): boolean => useMedia(`(max-width: ${TABS_PX_MAX}px)`);
