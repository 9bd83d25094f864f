/** Everything that the palette can do now: pages, runs, and what is allowed with the open run. */
import { addNote, getRuns, sendCommand } from "../../api/client";
import type { Run } from "../../api/types";
import { follow } from "../../charts/gestures";
import { lastChange } from "../../domain/changes/undo";
import { rateOf } from "../../domain/hyperparameters/learningRate";
import { setting, whole } from "../../format/numbers";
import * as commands from "../../state/commands/commands";
import { openDialog, undoMenu } from "../../state/dialogs";
import { navigate, runPath } from "../../state/route";
import type { PageState } from "../../state/state";
import { dispatch } from "../../state/store";
import { toast, toastError } from "../../state/toasts";
import type { Entry } from "./matching";
import { typedCommand } from "./matching";

/** babysit: whether the open run is in sight; one that is not is not steered. */
export function entriesOf(page: PageState, babysit: boolean, text: string): Entry[] {
  const owner = page.session === "owner";
  const run = babysit ? page.open?.run : undefined;
  return [
    ...(run && owner ? [...typedEntries(run, text), ...runEntries(run, page)] : []),
    ...(run ? viewEntries(page) : []),
    ...(owner ? ownerEntries() : []),
    ...PAGES,
    ...page.runs.map((other) => ({
      key: `run-${other.id}`,
      title: `Open ${other.name}`,
      words: `run #${other.id} ${other.status} ${other.task}`,
      act: () => navigate(runPath(other.id)),
    })),
    {
      key: "shortcuts",
      title: "Keyboard shortcuts",
      words: "help keys",
      shortcut: "?",
      act: () => openDialog({ kind: "shortcuts" }),
    },
  ];
}

const PAGES: Entry[] = [
  { key: "babysit", title: "Go to Babysit", words: "page", shortcut: "G B", act: () => navigate("/") },
  { key: "runs", title: "Go to Runs", words: "page list", shortcut: "G R", act: () => navigate("/runs") },
  {
    key: "caviar",
    title: "Go to Caviar",
    words: "page search searches",
    shortcut: "G V",
    act: () => navigate("/caviar"),
  },
];

/** What the text says by itself is found by that very text. */
function typedEntries(run: Run, text: string): Entry[] {
  const typed = typedCommand(text, rateOf(run).now);
  if (typed?.kind === "rate" && run.allowed.includes("set")) {
    const values = { learning_rate: typed.value };
    const title = `Set the learning rate to ${setting(typed.value)}`;
    return [{ key: "lr", title, words: text, act: () => void commands.change(run, { kind: "set", values }) }];
  }
  if (typed?.kind !== "note") return [];
  const add = () => {
    addNote(run.id, typed.text)
      .then(() => toast("Note added."))
      .catch(toastError);
  };
  return [{ key: "note", title: `Write the note “${typed.text}”`, words: text, act: add }];
}

function runEntries(run: Run, page: PageState): Entry[] {
  const entry = (kind: string, title: string, shortcut: string, act: () => void, words = ""): Entry[] =>
    run.allowed.includes(kind) ? [{ key: title, title, shortcut, act, words }] : [];
  const times = (factor: number) => () => void commands.nudgeLearningRate(run, factor);
  return [
    ...(run.status === "running" ? entry("pause", "Pause training", "Space", () => commands.pause(run)) : []),
    ...(run.status === "paused"
      ? entry("resume", "Resume training", "Space", () => commands.resume(run), "continue")
      : []),
    ...entry("set", "Double the learning rate", "]", times(2), "lr x2"),
    ...entry("set", "Halve the learning rate", "[", times(0.5), "lr"),
    ...entry("set", "Divide the learning rate by 10", "\\", times(0.1), "lr /10"),
    ...(lastChange(page.open?.events ?? [])
      ? entry("set", "Undo the last change…", "U", () => undoMenu.set(true), "put back rewind")
      : []),
    ...entry("save_checkpoint", "Save a checkpoint", "C", () => void commands.saveCheckpoint(run)),
    ...entry("evaluate", "Evaluate now", "", () => void commands.evaluate(run), "val"),
    ...entry("stop", "Stop training", "", () => void commands.stop(run), "end"),
  ];
}

function viewEntries({ view }: PageState): Entry[] {
  const change = (part: Partial<PageState["view"]>) => () => dispatch({ type: "view", change: part });
  const last = (steps: number, shortcut: string): Entry => ({
    key: `last-${steps}`,
    title: `Follow the last ${whole(steps)} steps`,
    words: "zoom window chart",
    shortcut,
    act: () => follow(steps),
  });
  return [
    {
      key: "log",
      title: view.log ? "Linear vertical axis" : "Logarithmic vertical axis",
      words: "log y chart",
      shortcut: "L",
      act: change({ log: !view.log }),
    },
    {
      key: "freeze",
      title: view.frozen ? "Let the charts move again" : "Freeze the charts",
      words: "chart",
      shortcut: "F",
      act: change({ frozen: !view.frozen }),
    },
    { key: "all", title: "Show all steps", words: "zoom chart", shortcut: "1", act: () => follow(null) },
    last(1000, "3"),
    last(200, "4"),
  ];
}

function ownerEntries(): Entry[] {
  return [
    { key: "new", title: "New run…", words: "start", act: () => openDialog({ kind: "new_run" }) },
    { key: "pause-all", title: "Pause all runs", act: () => void pauseAll().catch(toastError) },
  ];
}

async function pauseAll(): Promise<void> {
  const { runs } = await getRuns({ status: "running", limit: 100 });
  await Promise.all(runs.map((run) => sendCommand(run.id, { kind: "pause" })));
  toast(runs.length === 1 ? "1 run pauses." : `${whole(runs.length)} runs pause.`);
}
