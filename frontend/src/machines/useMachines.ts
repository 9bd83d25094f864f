/** The machines, asked for again as long as the page is open. */
import { useEffect, useState } from "react";
import { getMachines, isAway } from "../api/client";
import type { Machine } from "../api/types";
import { dispatch } from "../state/store";
import { toastError } from "../state/toasts";

/** As often as workers send a sign of life, ms. */
const POLL_MS = 2000;

/** Null: not known yet. */
export function useMachines(): Machine[] | null {
  const [machines, setMachines] = useState<Machine[] | null>(null);
  useEffect(() => {
    let cancelled = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const poll = async () => {
      clearTimeout(timer);
      try {
        const found = await getMachines();
        if (cancelled) return;
        setMachines(found);
        dispatch({ type: "connection", connection: "live" });
      } catch (error) {
        if (cancelled) return;
        if (!isAway(error)) return toastError(error);
        dispatch({ type: "connection", connection: "reconnecting" });
      }
      timer = setTimeout(() => void poll(), POLL_MS);
    };
    const onOnline = () => void poll();
    window.addEventListener("online", onOnline);
    void poll();
    return () => {
      cancelled = true;
      clearTimeout(timer);
      window.removeEventListener("online", onOnline);
    };
  }, []);
  return machines;
}
