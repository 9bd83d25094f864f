/** What the status of a run means for the page. */

/** A run in one of these makes no more steps; what goes on from it is another run. */
export const OVER = ["finished", "stopped", "failed", "lost"];
