/** What a person asks of the training, and what the page says when the worker has answered. */
import * as api from "../../api/client";
import { fromWireNumber } from "../../api/number";
import type {
  Command,
  EventOf,
  RequestedValues,
  Run,
  RunEvent,
  SetCommand,
  Values,
  WireNumber,
} from "../../api/types";
import type { Answer } from "../../domain/changes/answers";
import { declaredOf } from "../../domain/declaration";
import { rateOf } from "../../domain/hyperparameters/learningRate";
import { largestRise, nudgedRates, relativeText } from "../../domain/hyperparameters/override";
import { fromStepText } from "../../format/changeTime";
import { changeText, nameOf, valueText } from "../../format/hyperparameters";
import { measured, setting, whole } from "../../format/numbers";
import { roundFloat } from "../../format/parseNumber";
import { focusNext } from "../focusNext";
import { getRoute, navigate, runPath } from "../route";
import { loadRuns } from "../session/runSession";
import { dispatch, getPage } from "../store";
import { toast, toastError } from "../toasts";
import { awaitAnswer } from "./awaitAnswer";

/** Rises of the learning rate by this factor and more are spread over `RAMP_STEPS`. */
export const RAMP_FACTOR = 2;
export const RAMP_STEPS = 10;

/** Sends a command and waits for the answer. Null when it was refused or nothing had to be done. */
async function send(run: Run, command: Command): Promise<Exclude<Answer, EventOf<"refused">> | null> {
  try {
    // The answer is an event of this run, so the page has to follow it: a toast may outlive its page.
    const { page, run: shown } = getRoute();
    if (page !== "babysit" || shown !== run.id) navigate(runPath(run.id));
    const { command_id: commandId } = await api.sendCommand(run.id, command);
    if (commandId === null) return null;
    dispatch({
      type: "command_sent",
      runId: run.id,
      command: { commandId, kind: command.kind, sentAt: Date.now() },
    });
    const answer = await awaitAnswer(run.id, commandId);
    if (answer?.kind !== "refused") return answer;
    toast(answer.reason, { tone: "problem" });
  } catch (error) {
    toastError(error);
  }
  return null;
}

const valuesText = (values: RequestedValues): string =>
  Object.entries(values)
    .map(([name, value]) => `${nameOf(name)} ${valueText(name, value)}`)
    .join(", ");

/** Rises of ×2 and more go up over 10 steps; everything else acts at once. */
export function withRamp(command: SetCommand, run: Run): SetCommand {
  if (run.script) {
    const rises = isRise(largestRise(command.values, run, eventsOf(run)));
    return rises && command.over_steps === undefined ? { ...command, over_steps: RAMP_STEPS } : command;
  }
  const to = command.values["learning_rate"] ?? command.values["base_learning_rate"];
  const base = run.values["learning_rate"];
  const factor = command.values["learning_rate"] !== undefined ? (run.effective?.schedule_factor ?? 1) : 1;
  const from = typeof base === "number" ? base * factor : undefined;
  if (typeof to !== "number" || typeof from !== "number" || command.over_steps !== undefined) return command;
  return isRise(to / from) ? { ...command, over_steps: RAMP_STEPS } : command;
}

/** 0.02 / 0.01 may come out a hair below 2. */
const isRise = (factor: number): boolean => factor >= RAMP_FACTOR * (1 - 1e-9);

/** Changes hyperparameters; the toast says from which step, and offers to put them back. */
export async function change(run: Run, command: SetCommand): Promise<boolean> {
  const ramped = withRamp(command, run);
  const answer = await send(run, ramped);
  if (answer?.kind === "change_scheduled") {
    toast(`Scheduled after step ${whole(answer.at_step)}: ${valuesText(answer.values)}.`);
  }
  if (answer?.kind !== "changed") return false;
  const why = command.note ? null : { runId: run.id, commandId: answer.command_id, step: answer.step };
  toast(answerText(ramped, answer), {
    actions: [{ label: "Undo", act: () => void putBack(latestRun(run), answer) }],
    why,
  });
  return true;
}

/** Sets what a change has moved to the values before it. */
export const putBack = (run: Run, event: EventOf<"changed">): Promise<boolean> =>
  change(run, { kind: "set", values: event.undo_values, note: "reverted" });

/** Multiplies the learning rate at once, of a script all it has; an undo is offered afterwards. */
export async function nudgeLearningRate(run: Run, factor: number): Promise<boolean> {
  const values = run.script
    ? nudgedRates(run, declaredOf(run, getPage().tasks), eventsOf(run), factor)
    : { learning_rate: roundFloat(rateOf(run).now * factor) };
  return Object.keys(values).length > 0 && change(run, { kind: "set", values });
}

/** The events that say what was set by hand on the way to here. */
function eventsOf(run: Run): RunEvent[] {
  const open = getPage().open;
  return open?.run.id === run.id ? [...open.inherited, ...open.events] : [];
}

/** "Learning rate 0.01 → 0.005 from step 1,205." and what else the worker had to do. */
export function answerText(command: SetCommand, answer: EventOf<"changed">): string {
  const { before, after, notes } = answer;
  const extra = notes.length > 0 ? ` ${notes.map(sentence).join(" ")}` : "";
  const relative = relativeText(command.values);
  const from = fromStepText(answer.effective_step);
  const when = ` ${from}${relative && `, ${relative}`}.${extra}`;
  if (command.over_steps) {
    const name = Object.keys(command.values)[0] ?? "";
    const to = command.values[name];
    const rising = typeof to === "number" && to > Number(before[name] ?? 0) ? "rising" : "moving";
    return `${nameOf(name)} ${rising} to ${valueText(name, to)} over ${command.over_steps} steps. ${sentence(from)}${extra}`;
  }
  const old = before["learning_rate"];
  const now = after["learning_rate"];
  if (command.keep_step_size && typeof old === "number" && typeof now === "number" && old !== now) {
    const linked = `Momentum ${valueText("momentum", before["momentum"])} → ${valueText("momentum", after["momentum"])}`;
    return `${linked}; learning rate ${setting(old)} → ${setting(now)} to keep the step size,${when}`;
  }
  return `${changeText(before, requestedValues(command, after))}${when}`;
}

/** Of what was read back, the part that was asked for; all of it when the names differ. */
function requestedValues(command: SetCommand, after: Values): Values {
  const shown = Object.entries(after).filter(([name]) => name in command.values);
  return shown.length > 0 ? Object.fromEntries(shown) : after;
}

const sentence = (note: string): string => {
  const text = note.charAt(0).toUpperCase() + note.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
};

/** A toast may be pressed long after it was made: the run has moved on since. */
const latestRun = (run: Run): Run => {
  const open = getPage().open?.run;
  return open?.id === run.id ? open : run;
};

export const pause = (run: Run) => void send(run, { kind: "pause" });
export const resume = (run: Run) => void send(run, { kind: "resume" });
/** Go on from a pause for so many steps. */
export const step = (run: Run, steps: number) => void send(run, { kind: "resume", for_steps: steps });

export async function stop(run: Run): Promise<void> {
  const answer = await send(run, { kind: "stop" });
  if (!answer) return;
  const step = whole(answer.step);
  toast(`Stopped at step ${step} and saved.`, {
    actions: [{ label: "Resume", act: () => void continueFrom(latestRun(run)) }],
  });
}

export async function saveCheckpoint(run: Run): Promise<void> {
  const answer = await send(run, { kind: "save_checkpoint" });
  if (answer) toast(`Checkpoint saved at step ${whole(answer.step)}.`);
}

export async function evaluate(run: Run): Promise<void> {
  const answer = await send(run, { kind: "evaluate" });
  if (answer?.kind !== "applied") return;
  const cost = fromWireNumber(answer.after["val/cost"] as WireNumber);
  toast(`Step ${whole(answer.step)}: val ${measured(cost)}.`);
}

export async function extend(run: Run, steps: number): Promise<void> {
  const answer = await send(run, { kind: "extend", steps });
  if (answer?.kind === "applied") {
    toast(`Extended by ${whole(steps)} steps, to ${whole(Number(answer.after["steps"]))}.`);
  }
}

export async function cancel(run: Run, commandId: number): Promise<void> {
  const answer = await send(run, { kind: "cancel", command_id: commandId });
  if (answer) toast("Scheduled change cancelled.");
}

/** Starts a script again whose process is gone. */
export async function takeUpAgain(run: Run): Promise<void> {
  try {
    dispatch({ type: "run", run: await api.takeUpAgain(run.id), at: Date.now() });
  } catch (error) {
    toastError(error);
  }
}

/** Goes on after the end of a run: a new branch from its newest checkpoint becomes the live one. */
export async function continueFrom(run: Run, steps?: number): Promise<void> {
  try {
    const checkpoints = await api.getCheckpoints(run.id);
    const newest = checkpoints.filter((checkpoint) => checkpoint.valid && !checkpoint.removed).at(-1);
    if (!newest) throw new Error("This run has no checkpoint to continue from.");
    const next = await api.forkCheckpoint(newest.id, { rewind: true, steps });
    await showRun(next.id);
    toast(`Continues from step ${whole(newest.step)} as “${next.name}”.`);
  } catch (error) {
    toastError(error);
  }
}

/** Back to a checkpoint: a new branch leaves there and becomes live; the tail stays, drawn thin. */
export async function rewind(run: Run, checkpointId: number, values?: Values): Promise<void> {
  try {
    const next = await api.forkCheckpoint(checkpointId, { rewind: true, values });
    focusNext("chart");
    await showRun(next.id);
    const step = whole(next.parent?.step ?? next.step);
    toast(`Went back to step ${step}. The abandoned part stays as branch “${run.name}”.`, {
      actions: [{ label: "Undo", act: () => void makeLive(run.id) }],
    });
  } catch (error) {
    toastError(error);
  }
}

/** The other branch is the live one again. A run that was stopped meanwhile can be continued from there. */
async function makeLive(runId: number): Promise<void> {
  try {
    await api.editRun(runId, { live: true });
    await showRun(runId);
  } catch (error) {
    toastError(error);
  }
}

export async function showRun(runId: number): Promise<void> {
  await loadRuns();
  navigate(runPath(runId));
}

export async function startDemo(): Promise<void> {
  try {
    const demo = {
      task: "spirals",
      name: "spirals-demo",
      values: { learning_rate: 0.003 },
      max_steps_per_s: 60,
    };
    await showRun((await api.startRun(demo)).id);
  } catch (error) {
    toastError(error);
  }
}
