/** Single keys that steer, while no field has the focus and nobody switched them off. */
import { useEffect, useSyncExternalStore } from "react";
import { goToMarker, jumpToLive } from "../charts/gestures";
import { getPlace, go } from "../state/address";
import { anyDialog, openDialog } from "../state/dialogs";
import { AXIS_KINDS } from "../state/page";
import * as steer from "../state/steer";
import { dispatch, getPage } from "../state/store";
import { nudgeLearningRate } from "../state/rates";
import { toast } from "../state/toasts";

const STORED = "babysit.keys";
/** G and then a letter, within this time, ms. */
const SEQUENCE_MS = 1200;

const readers = new Set<() => void>();

function singleKeys(): boolean {
  try {
    return localStorage.getItem(STORED) !== "off";
  } catch {
    return true;
  }
}

export function setSingleKeys(on: boolean): void {
  try {
    localStorage.setItem(STORED, on ? "on" : "off");
  } catch {
    // Blocked storage: nothing to remember.
  }
  for (const read of readers) read();
}

export const useSingleKeys = (): boolean =>
  useSyncExternalStore((read) => {
    readers.add(read);
    return () => readers.delete(read);
  }, singleKeys);

const taught = new Set<string>();

/** The first time a key changes something, a toast says what it did. */
function teach(key: string, what: string): void {
  if (taught.has(key)) return;
  taught.add(key);
  toast(`${key} ${what}. Undo: U.`);
}

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest("input:not([type=range]):not([type=checkbox]), textarea, select, [contenteditable]") !== null;

export function useKeys(): void {
  useEffect(() => {
    let goUntil = 0;
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || anyDialog()) return;
      if (!singleKeys() && event.key !== "?") return;
      const onControl = event.target instanceof HTMLElement && event.target.closest("button, a, [role=treeitem], [role=menuitem], [role=switch], input") !== null;
      if (event.key === " " && onControl) return;
      if (performance.now() < goUntil) {
        goUntil = 0;
        if (event.key === "b") go("/");
        if (event.key === "r") go("/runs");
        if (event.key === "v") go("/caviar");
        return;
      }
      if (event.key === "g") {
        goUntil = performance.now() + SEQUENCE_MS;
        return;
      }
      if (act(event.key)) event.preventDefault();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
}

function act(key: string): boolean {
  if (key === "?") {
    openDialog({ kind: "shortcuts" });
    return true;
  }
  const { open, view } = getPage();
  if (!open || getPlace().page !== "babysit") return false; // a run that is not in sight is not steered
  return steers(key, open.run) || looks(key, view);
}

function steers(key: string, run: Parameters<typeof steer.pause>[0]): boolean {
  const may = (kind: string): boolean => run.allowed.includes(kind);
  switch (key) {
    case " ":
      if (run.status === "running" && may("pause")) steer.pause(run);
      else if (run.status === "paused" && may("resume")) steer.resume(run);
      return true;
    case "[":
    case "]":
    case "\\":
      if (may("set")) {
        const factor = key === "[" ? 0.5 : key === "]" ? 2 : 0.1;
        void nudgeLearningRate(run, factor);
        teach(key, factor === 2 ? "doubles the learning rate" : factor === 0.5 ? "halves the learning rate" : "divides the learning rate by 10");
      }
      return true;
    case "c":
      if (may("save_checkpoint")) void steer.saveCheckpoint(run);
      return true;
    case "n":
      document.querySelector<HTMLElement>("[data-key=note]")?.focus();
      return true;
    case "u":
      document.querySelector<HTMLElement>("[data-key=undo]")?.click();
      return true;
    default:
      return false;
  }
}

function looks(key: string, view: ReturnType<typeof getPage>["view"]): boolean {
  switch (key) {
    case "f":
      dispatch({ type: "view", change: { frozen: !view.frozen } });
      return true;
    case "l":
      dispatch({ type: "view", change: { log: !view.log } });
      return true;
    case "x": {
      const next = AXIS_KINDS[(AXIS_KINDS.indexOf(view.axis) + 1) % AXIS_KINDS.length];
      dispatch({ type: "view", change: { axis: next } });
      return true;
    }
    case "m":
      goToMarker(1);
      return true;
    case "M":
      goToMarker(-1);
      return true;
    case "0":
      jumpToLive();
      return true;
    case "t":
      document.querySelector<HTMLElement>("[data-key=table]")?.click();
      return true;
    case "Escape":
      dispatch({ type: "view", change: { pinned: null, hover: null } });
      return true;
    default:
      return false;
  }
}
