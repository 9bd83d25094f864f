/** The events that say what was set by hand: of this branch, and of those that it left. */
import { useMemo } from "react";
import type { RunEvent } from "../../../api/types";
import { usePage } from "../../../state/store";

const NONE: RunEvent[] = [];

export function useScriptEvents(): RunEvent[] {
  const events = usePage((page) => page.open?.events ?? NONE);
  const inherited = usePage((page) => page.open?.inherited ?? NONE);
  return useMemo(() => [...inherited, ...events], [inherited, events]);
}
