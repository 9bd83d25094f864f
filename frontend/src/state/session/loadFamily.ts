/** The branches that a run belongs to, and what it owes to its ancestors. */
import * as api from "../../api/client";
import type { Parent } from "../../api/types";
import { isInherited } from "../../domain/hyperparameters/inherited";
import { dispatch } from "../store";
import { toastError } from "../toasts";
import { seriesOf } from "./loadCurves";

const BRANCH_POINTS = 300;
const BRANCHES_MAX = 8;
const BRANCH_SMOOTH_STEPS = 20;

/** The tree, then what hangs on it: thin tails of other branches and the ancestors' changes. */
export async function loadFamily(id: number): Promise<void> {
  try {
    const family = await api.getFamily(id);
    dispatch({ type: "family", runId: id, family });
    if (family.runs.length < 2) return;
    const byId = new Map(family.runs.map((member) => [member.id, member]));
    const leftAt = new Map<number, Parent>(); // by ancestor: where this branch left it
    for (let at = byId.get(id); at?.parent; at = byId.get(at.parent.run_id)) {
      leftAt.set(at.parent.run_id, at.parent);
    }
    const others = family.runs.filter((member) => member.id !== id).slice(-BRANCHES_MAX);
    const branches = await Promise.all(
      others.map(async (member) => {
        const from = leftAt.get(member.id)?.step ?? member.parent?.step ?? 0;
        const range = { from_step: from + 1, points: BRANCH_POINTS, smooth_steps: BRANCH_SMOOTH_STEPS };
        const curves = await api.getCurves(member.id, range);
        return { runId: member.id, name: member.name, from, raw: seriesOf(curves) };
      }),
    );
    dispatch({ type: "branches", runId: id, branches });
    await loadInherited(id, leftAt);
  } catch (error) {
    toastError(error);
  }
}

/** What this branch owes its ancestors: their changes and checkpoints up to where each was left. */
async function loadInherited(id: number, leftAt: Map<number, Parent>): Promise<void> {
  const parts = await Promise.all(
    [...leftAt].map(async ([ancestor, { step, checkpoint_id: checkpointId }]) => {
      const [events, checkpoints] = await Promise.all([
        api.getEvents(ancestor),
        api.getCheckpoints(ancestor),
      ]);
      const left = checkpoints.find((checkpoint) => checkpoint.id === checkpointId);
      const relevant = events.filter((event) => isInherited(event, step, left?.last_command_id ?? null));
      return { events: relevant, checkpoints: checkpoints.filter((checkpoint) => checkpoint.step <= step) };
    }),
  );
  const events = parts.flatMap((part) => part.events).sort((a, b) => a.step - b.step || a.id - b.id);
  dispatch({ type: "inherited", runId: id, events, checkpoints: parts.flatMap((part) => part.checkpoints) });
}
