/** The worker's answers to commands. The event stream brings them; after a reconnect, its catch-up does. */
import type { Answer } from "../../domain/changes/answers";
import { answers } from "../../domain/changes/answers";
import { getPage, subscribe } from "../store";

/** The event that answers a command; null: another run was opened before it came. */
export function awaitAnswer(runId: number, commandId: number): Promise<Answer | null> {
  return new Promise((resolve) => {
    const stop = subscribe(look);
    look();

    function look(): void {
      const { open } = getPage();
      if (open === null) return; // it is being loaded, and the answer with it
      const answer = open.run.id === runId ? open.events.find((event) => answers(event, commandId)) : null;
      if (answer === undefined) return;
      stop();
      resolve(answer as Answer | null);
    }
  });
}
