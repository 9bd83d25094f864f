/** What a machine is called, how it is, and when it was last heard of, in words. */
import type { Machine } from "../api/types";
import { bytes, duration, whole } from "../format/numbers";
import type { ChipText } from "../ui/chipText";

/** Workers send something every two seconds; what is newer than this is now, s. */
const NOW_S = 5;
/** Runs that a row names. */
export const RUNS_SHOWN = 6;

const CHIPS: Record<Machine["status"], ChipText> = {
  up: { icon: "check", word: "Up", tone: "good" },
  down: { icon: "warn", word: "Down", tone: "bad" },
  unknown: { icon: "ring", word: "Unknown", tone: "calm" },
};

export const chipOf = (machine: Machine): ChipText => CHIPS[machine.status];

/** The machine that the server runs on is the first one, and has nobody to be in contact with. */
export const isOwn = (machine: Machine): boolean => machine.launcher === "local";

const LAUNCHERS: Record<string, string> = {
  local: "this server",
  command: "by the command",
  slurm: "by Slurm",
};

export const launcherText = (machine: Machine): string => LAUNCHERS[machine.launcher] ?? machine.launcher;

/** What is free of what there is: "3 of 4 free", "none". */
export const freeText = (free: number, all: number): string =>
  all === 0 ? "none" : `${whole(free)} of ${whole(all)} free`;

/** When something was last heard of it. */
export function contactText(machine: Machine): string {
  if (isOwn(machine)) return "–";
  if (machine.contact_s === null) return "not since the server started";
  return machine.contact_s < NOW_S ? "now" : `${duration(machine.contact_s)} ago`;
}

/** What its graphics processors are: "4 × NVIDIA H200"; empty without any. */
export function gpuText(machine: Machine): string {
  const counts = new Map<string, number>();
  for (const name of machine.gpu_names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count === 1 ? name : `${count} × ${name}`)).join(", ");
}

/** Its memory and what it runs: "16.8 GB, Python 3.11.9, Babysit 0.1.0". */
export function versionText(machine: Machine): string {
  const memory = machine.memory_bytes > 0 ? [`${bytes(machine.memory_bytes)} of memory`] : [];
  return [...memory, `Python ${machine.python}`, `Babysit ${machine.babysit_version}`].join(", ");
}
