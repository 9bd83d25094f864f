/** Events for tests. */
import type { EventOf, RunEvent } from "./types";

/** An event of the given kind; of its own fields it has those that are given. */
export const anEvent = <Kind extends RunEvent["kind"]>(
  kind: Kind,
  fields: Partial<EventOf<Kind>> = {},
): EventOf<Kind> =>
  ({
    id: 1,
    run_id: 1,
    attempt: 1,
    seq: 1,
    step: 0,
    at: "2026-01-01T00:00:00Z",
    kind,
    ...fields,
  }) as unknown as EventOf<Kind>;
