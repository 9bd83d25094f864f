/** Single-key shortcuts, active while no field has the focus and they are not switched off. */
import { useEffect } from "react";
import { FOLLOWED, follow, goToMarker, jumpToLive } from "../charts/gestures";
import { lastChange } from "../domain/changes/undo";
import * as commands from "../state/commands/commands";
import { nudgeLearningRate } from "../state/commands/commands";
import { createStore } from "../state/createStore";
import { isDialogOpen, openDialog, undoMenu } from "../state/dialogs";
import { recall, remember } from "../state/localStorage";
import { getRoute, navigate } from "../state/route";
import { axisKindsOf } from "../state/state";
import { dispatch, getPage } from "../state/store";
import { toast } from "../state/toasts";

const STORED = "babysit.keys";
/** G and then a letter, within this time, ms. */
const SEQUENCE_MS = 1200;

const singleKeys = createStore(recall(STORED) !== "off");

export function setSingleKeys(on: boolean): void {
  remember(STORED, on ? "on" : "off");
  singleKeys.set(on);
}

export const useSingleKeys = (): boolean => singleKeys.use();

const hintShown = new Set<string>();

/** The first time a key changes something, a toast says what it did. */
function showHint(key: string, what: string): void {
  if (hintShown.has(key)) return;
  hintShown.add(key);
  toast(`${key} ${what}. Undo: U.`);
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  target.closest("input:not([type=range]):not([type=checkbox]), textarea, select, [contenteditable]") !==
    null;

/** Ctrl or ⌘ with K; with a modifier it is no single key, and works in fields too. */
const isPaletteKey = (event: KeyboardEvent): boolean =>
  (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k";

export function useShortcuts(): void {
  useEffect(() => {
    let goUntil = 0;
    const onKeyDown = (event: KeyboardEvent) => {
      if (isPaletteKey(event) && !isDialogOpen()) {
        openDialog({ kind: "palette" });
        event.preventDefault();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || isDialogOpen()) return;
      if (!singleKeys.get() && event.key !== "?") return;
      const onControl =
        event.target instanceof HTMLElement &&
        event.target.closest("button, a, [role=treeitem], [role=menuitem], [role=switch], input") !== null;
      if (event.key === " " && onControl) return;
      if (performance.now() < goUntil) {
        goUntil = 0;
        if (event.key === "b") navigate("/");
        if (event.key === "r") navigate("/runs");
        if (event.key === "v") navigate("/caviar");
        if (event.key === "m") navigate("/machines");
        return;
      }
      if (event.key === "g") {
        goUntil = performance.now() + SEQUENCE_MS;
        return;
      }
      if (handleKey(event.key)) event.preventDefault();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
}

function handleKey(key: string): boolean {
  if (key === "?") {
    openDialog({ kind: "shortcuts" });
    return true;
  }
  const { open, view } = getPage();
  if (!open || getRoute().page !== "babysit") return false; // a run that is not in sight is not steered
  return handleSteeringKey(key, open.run) || handleViewKey(key, view);
}

function handleSteeringKey(key: string, run: Parameters<typeof commands.pause>[0]): boolean {
  const may = (kind: string): boolean => run.allowed.includes(kind);
  switch (key) {
    case " ":
      if (run.status === "running" && may("pause")) commands.pause(run);
      else if (run.status === "paused" && may("resume")) commands.resume(run);
      return true;
    case "[":
    case "]":
    case "\\":
      if (may("set")) {
        const factor = key === "[" ? 0.5 : key === "]" ? 2 : 0.1;
        void nudgeLearningRate(run, factor);
        showHint(
          key,
          factor === 2
            ? "doubles the learning rate"
            : factor === 0.5
              ? "halves the learning rate"
              : "divides the learning rate by 10",
        );
      }
      return true;
    case "c":
      if (may("save_checkpoint")) void commands.saveCheckpoint(run);
      return true;
    case "n":
      document.querySelector<HTMLElement>("[data-key=note]")?.focus();
      return true;
    case "u":
      if (lastChange(getPage().open?.events ?? [])) undoMenu.set(true);
      return true;
    default:
      return false;
  }
}

function handleViewKey(key: string, view: ReturnType<typeof getPage>["view"]): boolean {
  switch (key) {
    case "f":
      dispatch({ type: "view", change: { frozen: !view.frozen } });
      return true;
    case "l":
      dispatch({ type: "view", change: { log: !view.log } });
      return true;
    case "x": {
      const kinds = axisKindsOf(getPage().open?.run);
      const next = kinds[(kinds.indexOf(view.axis) + 1) % kinds.length];
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
    case "1":
    case "2":
    case "3":
    case "4":
      follow(FOLLOWED[Number(key) - 1] ?? null);
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
