/** Which events answer a command. */
import type { EventOf, RunEvent } from "../../api/types";

export type Answer = EventOf<"changed" | "change_scheduled" | "applied" | "refused">;

const isAnswer = (event: RunEvent): event is Answer =>
  event.kind === "changed" ||
  event.kind === "change_scheduled" ||
  event.kind === "applied" ||
  event.kind === "refused";

export const answers = (event: RunEvent, commandId: number): event is Answer =>
  isAnswer(event) && event.command_id === commandId;
