/** What a run waits for, or that nothing is heard of the machine where it is trained. */
import { useEffect, useRef, useState } from "react";
import { getRun } from "../../api/client";
import type { Placement as Found } from "../../domain/placement";
import { isPlacementMoving, placementText } from "../../domain/placement";
import { getPage, usePage } from "../../state/store";
import { Icon } from "../../ui/Icon";
import { Link } from "../../ui/Link";
import * as styles from "./Alerts.module.css";

/** No event of the run says it, so it is asked for this often, ms. */
const POLL_MS = 2000;

export function Placement() {
  const id = usePage((page) => page.open?.run.id ?? 0);
  const status = usePage((page) => page.open?.run.status ?? "finished");
  const machine = usePage((page) => page.open?.run.machine ?? null);
  const text = placementText({ status, machine }, usePlacement(id, status));
  if (text === null) return null;
  return (
    <p className={`${styles.alert} ${styles.alertBusy}`} data-part="placement">
      <Icon name={status === "queued" || status === "starting" ? "clock" : "warn"} />
      <span>
        {text} <Link to="/machines">Machines</Link>
      </span>
    </p>
  );
}

/** Asked for when the status has changed, and again as long as it may change by itself. */
function usePlacement(id: number, status: string): Found {
  const [placement, setPlacement] = useState<Found>({});
  const shown = useRef(0);
  useEffect(() => {
    let cancelled = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (found: Found) => {
      setPlacement(found);
      if (isPlacementMoving(status, found)) timer = setTimeout(() => void look(), POLL_MS);
    };
    const look = async () => {
      try {
        const run = await getRun(id);
        if (!cancelled) show(run);
      } catch {
        // The stream says whether the server is away.
        if (!cancelled) timer = setTimeout(() => void look(), POLL_MS);
      }
    };
    // A run that was just opened says it; events and messages of the stream do not.
    const opened = shown.current === id ? undefined : getPage().open?.run;
    shown.current = id;
    if (opened?.contact !== undefined) show(opened);
    else if (id > 0) void look();
    return () => {
      cancelled = true;
      clearTimeout(timer);
    };
  }, [id, status]);
  return placement;
}
