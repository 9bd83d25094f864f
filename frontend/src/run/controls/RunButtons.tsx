/** Start, pause, resume, stop, save: the words on the buttons say what will happen. */

import { useEffect, useRef, useState } from "react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import type { Run } from "../../api/types";
import { canEvaluate, stepsOf } from "../../domain/declaration";
import { OVER } from "../../domain/status";
import * as commands from "../../state/commands/commands";
import { openDialog } from "../../state/dialogs";
import { usePage } from "../../state/store";
import { ActionButton } from "../../ui/ActionButton";
import { Icon } from "../../ui/Icon";
import { Link } from "../../ui/Link";
import { extendOptions } from "./extendOptions";
import { Pace } from "./Pace";
import * as styles from "./RunButtons.module.css";
import { TakeUpAgain } from "./script/TakeUpAgain";

/** After this long without an answer the page says what it waits for, ms. */
const PATIENCE_MS = 3000;
/** The second click of a double click on "Pause" meets "Resume", into which it has turned, ms. */
const SETTLE_MS = 500;

export function RunButtons({ run }: { run: Run }) {
  const may = (kind: string): boolean => run.allowed.includes(kind);
  return (
    <div className={`panel ${styles.runButtons}`}>
      <div className="row">
        <Primary run={run} />
        <ActionButton
          icon="stop"
          label="Stop training"
          enabled={may("stop")}
          onPress={() => void commands.stop(run)}
        >
          Stop
        </ActionButton>
      </div>
      <div className="row">
        <ActionButton
          icon="save"
          label="Save checkpoint"
          enabled={may("save_checkpoint")}
          onPress={() => void commands.saveCheckpoint(run)}
        >
          Save
        </ActionButton>
        {canEvaluate(run) ? (
          <ActionButton
            icon="measure"
            label="Evaluate now"
            enabled={may("evaluate")}
            onPress={() => void commands.evaluate(run)}
          >
            Evaluate
          </ActionButton>
        ) : null}
        {stepsOf(run) === null ? null : <Extend run={run} />}
      </div>
      {OVER.includes(run.status) ? null : <Pace run={run} />}
      {run.script && !run.script.id ? null : (
        <Link to={`/caviar?from=${run.id}`} className={`button quiet ${styles.toCaviar}`}>
          <Icon name="eggs" /> Search around this run
        </Link>
      )}
      <Waiting />
    </div>
  );
}

/** Whether the run was paused long enough for the button to be read; true if it was paused before. */
function useSettled(status: Run["status"]): boolean {
  const seen = useRef({ status, pausedAt: -Infinity });
  if (seen.current.status !== status) {
    seen.current = { status, pausedAt: status === "paused" ? performance.now() : -Infinity };
  }
  const { pausedAt } = seen.current;
  const [, drawAgain] = useState(0);
  useEffect(() => {
    if (pausedAt === -Infinity) return undefined;
    const timer = setTimeout(() => drawAgain(pausedAt), SETTLE_MS + 20);
    return () => clearTimeout(timer);
  }, [pausedAt]);
  return performance.now() - pausedAt >= SETTLE_MS;
}

/** One button whose name follows the state. */
export function Primary({ run }: { run: Run }) {
  const sentCommands = usePage((page) => page.open?.sentCommands ?? null);
  const isPending = (kind: string): boolean =>
    sentCommands?.some((command) => command.kind === kind) ?? false;
  const may = (kind: string): boolean => run.allowed.includes(kind);
  const settled = useSettled(run.status);
  if (run.script && run.status === "lost") return <TakeUpAgain run={run} className="primary grow" />;
  if (run.script && !run.script.id && OVER.includes(run.status)) return null;
  if (OVER.includes(run.status)) {
    const { task, initial_values: values, steps, seed, objective, mode, script } = run;
    const again = script
      ? { script: script.id, values: run.asked_values ?? {} }
      : { task, values, steps, seed, objective, mode };
    return (
      <ActionButton
        icon="play"
        label="New run like this"
        className="primary grow"
        onPress={() => openDialog({ kind: "new_run", like: again })}
      >
        New run like this…
      </ActionButton>
    );
  }
  if (run.status === "paused") {
    const resuming = isPending("resume");
    return (
      <ActionButton
        icon="play"
        label="Resume training"
        className={run.reason === "guard" ? "grow" : "primary grow"}
        enabled={settled && !resuming && may("resume")}
        onPress={() => commands.resume(run)}
      >
        <span aria-hidden="true">{resuming ? "Resuming…" : "Resume"}</span>
      </ActionButton>
    );
  }
  const pausing = isPending("pause");
  const waiting = run.status !== "running";
  return (
    <ActionButton
      icon="pause"
      label="Pause training"
      className="primary grow"
      enabled={!pausing && may("pause")}
      onPress={() => commands.pause(run)}
    >
      <span aria-hidden="true">{pausing ? "Pausing…" : waiting ? "Starting…" : "Pause"}</span>
    </ActionButton>
  );
}

/** More steps: in a living run at once, after its end as a branch that goes on from there. */
function Extend({ run }: { run: Run }) {
  const over = OVER.includes(run.status);
  const enabled = over ? run.allowed.includes("fork") : run.allowed.includes("extend");
  const extend = (upTo: number) => {
    if (over) void commands.continueFrom(run, upTo);
    else void commands.extend(run, upTo - run.steps);
  };
  return (
    <MenuTrigger>
      <Button className="button" aria-label={over ? "Continue training" : "Extend"} isDisabled={!enabled}>
        <Icon name="extend" /> {over ? "Continue" : "Extend"}
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu className="menu" onAction={(key) => extend(Number(key))}>
          {extendOptions(run, over).map(({ upTo, words }) => (
            <MenuItem key={words} id={String(upTo)} className="option" textValue={words}>
              {words}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

function Waiting() {
  const since = usePage((page) => page.open?.sentCommands[0]?.sentAt ?? null);
  const [now, setNow] = useState(0);
  useEffect(() => {
    if (since === null) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [since]);
  if (since === null || now - since < PATIENCE_MS) return null;
  return (
    <p className="muted small-text">Still waiting for the worker (it finishes the current step first).</p>
  );
}
