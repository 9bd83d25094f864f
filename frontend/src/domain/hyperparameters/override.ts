/** What was set by hand over the values of a script, and what is in force because of it. */
import type { EventOf, Hyperparameter, RequestedValues, Run, RunEvent, Value } from "../../api/types";
import { setting } from "../../format/numbers";
import { roundFloat } from "../../format/parseNumber";
import { isFactorOnGroups, mainRates } from "../declaration";

/** `times`: a factor on what the script says. `value`: held there, whatever the script says. */
export type Override = { times: number } | { value: Value };

/** The values that commands asked for, by run and command. */
export type Requests = Map<string, RequestedValues>;

const keyOf = (event: { run_id: number; command_id: number }): string =>
  `${event.run_id}:${event.command_id}`;

export function requestsOf(events: RunEvent[]): Requests {
  const requests: Requests = new Map();
  for (const event of events) {
    if (event.kind !== "command_sent") continue;
    const values = event.command["values"];
    if (values && typeof values === "object") requests.set(keyOf(event), values as RequestedValues);
  }
  return requests;
}

/** What is in force over the script now; null: nothing, or it cannot be told from the events. */
export function overrideOf(name: string, events: RunEvent[]): Override | null {
  const last = lastChange(name, events);
  if (!last) return null;
  const asked = requestsOf(events).get(keyOf(last))?.[name];
  if (asked === undefined) return null;
  if (typeof asked !== "object") return { value: asked };
  return typeof asked["times"] === "number" ? { times: asked["times"] } : null;
}

const lastChange = (name: string, events: RunEvent[]): EventOf<"changed"> | undefined =>
  events.findLast((event): event is EventOf<"changed"> => event.kind === "changed" && name in event.after);

/**
 * What the next update uses, as far as known: a script's schedule moves the values by itself, and what
 * its last update used is recorded. After a change that no update has used yet, what was read back.
 */
export function valueInForce(
  name: string,
  run: Pick<Run, "values" | "latest" | "step">,
  events: RunEvent[],
): Value | undefined {
  const recorded = run.latest[name];
  if (typeof recorded !== "number") return run.values[name];
  const last = lastChange(name, events);
  return last && last.effective_step > run.step ? last.after[name] : recorded;
}

/**
 * What makes a value so many times what it is now, under its schedule where it has one. A factor on all
 * groups is asked for as a factor, so that the journal can say that it is one.
 */
export function multiplied(
  now: number,
  override: Override | null,
  by: number,
  isFactor: boolean,
): RequestedValues[string] {
  if (isFactor) return { times: roundFloat(now * by) };
  if (override && "value" in override) return roundFloat(now * by);
  return { times: roundFloat((override?.times ?? 1) * by) };
}

/** What a change asked for. */
export const requestOf = (event: EventOf<"changed">, requests: Requests): RequestedValues =>
  requests.get(keyOf(event)) ?? {};

const RELEASED = "as the script says";

/** How asked values stand to what the script says, in words; "" if they were simply set. */
export function relativeText(asked: RequestedValues): string {
  const relative = Object.values(asked).filter((value) => typeof value === "object");
  const [first] = relative;
  if (first === undefined || relative.some((value) => value["times"] !== first["times"])) return "";
  return typeof first["times"] === "number"
    ? `× ${setting(first["times"])} of what the script says`
    : RELEASED;
}

/** Whether a change of this hyperparameter can be spread over steps. */
export const canRamp = (declared: Hyperparameter, isScript: boolean): boolean =>
  declared.kind === "float" && (!isScript || declared.relative === true);

/** What multiplies all learning rates of a script. */
export function nudgedRates(
  run: Pick<Run, "values" | "latest" | "step">,
  declared: Hyperparameter[],
  events: RunEvent[],
  by: number,
): RequestedValues {
  const values: RequestedValues = {};
  for (const { name, relative } of mainRates(declared)) {
    const now = valueInForce(name, run, events);
    if (typeof now !== "number") continue;
    const override = relative ? overrideOf(name, events) : { value: now };
    values[name] = multiplied(now, override, by, isFactorOnGroups(name, declared));
  }
  return values;
}

/** By how much a change raises a learning rate of a script, as far as can be told; 0: none. */
export function largestRise(
  values: RequestedValues,
  run: Pick<Run, "values" | "latest" | "step">,
  events: RunEvent[],
): number {
  const rises = Object.entries(values).map(([name, asked]) => {
    if (!name.split(".").includes("learning_rate")) return 0;
    const override = overrideOf(name, events);
    if (typeof asked === "object") {
      if (override && "value" in override) return 0; // what the script says is not known here
      return Number(asked["times"] ?? 1) / (override?.times ?? 1);
    }
    return Number(asked) / Number(valueInForce(name, run, events) ?? NaN) || 0;
  });
  return Math.max(0, ...rises);
}
