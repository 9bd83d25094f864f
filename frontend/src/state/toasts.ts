/** Short messages that come and go. What they say is also spoken, politely. */
import type { Toast } from "./state";
import { dispatch } from "./store";

let next = 1;

export function toast(text: string, more: Partial<Omit<Toast, "id" | "text">> = {}): number {
  const id = next++;
  dispatch({ type: "toast", toast: { id, text, tone: "plain", actions: [], why: null, ...more } });
  return id;
}

export function toastError(error: unknown): void {
  toast(error instanceof Error ? error.message : String(error), { tone: "problem" });
}
