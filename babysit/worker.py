"""One process that works on one run: `python -m babysit.worker RUN_DIRECTORY --attempt N`.

It needs no server: what it is asked stands in `server.journal`, what happens in
`attempt-N.journal`.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FrameType

import torch

from babysit.answer import refuse_the_rest
from babysit.changes import waiting_said
from babysit.checkpoint import CheckpointDamaged, load_checkpoint
from babysit.find import code_sha256, find_task_file, load_task
from babysit.heartbeat import Heartbeat, died_alike
from babysit.live import LiveRun
from babysit.log import open_log
from babysit.loop import finish, train
from babysit.messages import Raised, RunAsked, RunStatus, StatusChanged, Warned, WorkerStarted
from babysit.recipe import Recipe
from babysit.recorder import Recorder
from babysit.recovery import CatchUp, Past, announced_in, newest_valid, read_past, to_redo
from babysit.replay import open_recipe, repetition, wanted_device
from babysit.run_lock import take_lock
from babysit.saver import Saver
from babysit.telemetry import Clock
from babysit.training import Training, begin, pick_device, restore, versions

TRACEBACK_LENGTH_MAX = 16_000  # characters; the end says what went wrong
REASON_LENGTH_MAX = 500  # characters


TRY_AGAIN = os.EX_TEMPFAIL  # exit code: the task raised, and a further attempt is worth it


class AskedTwice(BaseException):
    """A second SIGTERM: end without finishing the step."""


def work(run_directory: Path, attempt: int, *, may_retry: bool = False) -> int:
    """Take the run up and bring it to an end; 0 when the journal says how it ended.

    may_retry: somebody will start another attempt if a step raises for the first time.
    """
    lock = take_lock(run_directory)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is not meant for a training
    wish = EndWish()
    signal.signal(signal.SIGTERM, wish.note)
    open_log(run_directory / "worker.log")
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)  # the server asks where a worker hangs
    heartbeat = Heartbeat(run_directory, attempt)
    torch.set_num_threads(int(os.environ.get("BABYSIT_THREADS", "1")))
    asked = RunAsked(**json.loads((run_directory / "run.json").read_text()))
    os.nice(asked.niceness)
    recorder = Recorder(run_directory, attempt)
    step, ended = 0, True
    try:
        past = read_past(run_directory, attempt)
        step = past.last_step
        recipe = open_recipe(run_directory, asked)
        training = prepare(asked, run_directory, past, recipe)
        saver = Saver(asked.id, run_directory / "checkpoints", recorder, past)
        live = LiveRun(asked, run_directory, training, recorder, saver, heartbeat, past=past)
        take_up(live, recipe)
        wish.live = live
        introduce(live)
        if attempt == 1:
            live.save("start")
        ended = run_to_the_end(live, is_worth_another if may_retry else never)
        saver.close()
    except BaseException as error:  # building failed: the task's fault, or the checkpoint's
        recorder.event(failed(step, error))
    recorder.close()
    os.close(lock)
    return 0 if ended else TRY_AGAIN


def prepare(
    asked: RunAsked, run_directory: Path, past: Past, recipe: Recipe | None = None
) -> Training:
    """Build the training: from the newest valid checkpoint of an earlier attempt, from the one the
    run forks from, or from the beginning.
    """
    file = find_task_file(asked.task)
    task = load_task(file)
    device = pick_device(task, wanted_device(recipe))
    code = code_sha256(file)
    newest, problems = newest_valid(run_directory, past)
    if newest is not None:
        asked = replace(asked, values={})  # they are in the checkpoint already
        training = restore(asked, task, newest, device=device, code_sha256=code, is_fork=False)
        training.steps = int(newest.state["steps"])
        training.last_command_id = int(newest.state["last_command_id"])
    elif asked.parent_directory is None:
        training = begin(asked, task, device=device, code_sha256=code)
    else:
        directory = run_directory.parent.parent / asked.parent_directory
        try:
            snapshot = load_checkpoint(directory, announced_in(asked))
        except CheckpointDamaged as error:
            raise CheckpointDamaged(f"The checkpoint cannot be used: {error}.") from error
        training = restore(asked, task, snapshot, device=device, code_sha256=code, is_fork=True)
    training.warnings += problems
    return training


def take_up(live: LiveRun, recipe: Recipe | None) -> None:
    """Make the run catch up with what its earlier attempts had done, and follow its recipe."""
    training, past = live.training, live.past
    if past.attempts or recipe is not None:
        step, last = training.step, training.last_command_id
        live.redo = to_redo(live.directory, past, from_step=step, last_command_id=last)
    if past.attempts:
        live.catch_up = CatchUp(training.step, past)
        active_s = [seconds for step, seconds in past.active_s.items() if step <= training.step]
        live.clock = Clock(max(active_s, default=0.0))
    if recipe is not None:
        live.repeats = repetition(recipe, training, past)


def introduce(live: LiveRun) -> None:
    """Say who took the run up, and begin."""
    training = live.training
    live.say(
        WorkerStarted(
            step=training.step,
            pid=os.getpid(),
            start_ticks=start_ticks(os.getpid()),
            boot_id=boot_id(),
            threads=torch.get_num_threads(),
            device=training.device,
            versions=versions(),
            code_sha256=training.made_with["code_sha256"],
            data_sha256=training.made_with["data_sha256"],
            train_size=training.batches.size,
            val_size=len(training.data.val),  # type: ignore[arg-type]
            steps_per_epoch=training.batches.steps_per_epoch(),
            parameters=sum(parameter.numel() for parameter in training.network.parameters()),
            values=dict(training.controls.values),
        )
    )
    for warning in training.warnings:
        live.say(Warned(step=training.step, message=warning))
    for waiting in training.controls.scheduled:  # a fork takes over what its parent had planned
        if waiting.command_id not in live.past.carried_out:
            live.say(waiting_said(waiting, training.step))
    live.say(StatusChanged(step=training.step, status=RunStatus.RUNNING))


def run_to_the_end(live: LiveRun, is_worth_another: Callable[[LiveRun], bool]) -> bool:
    """Train. What the task raises ends the run as failed, with all points up to there; or only this
    attempt, if another one may do better: False.
    """
    try:
        ending = train(live)
        finish(live, ending)
    except AskedTwice:
        live.saver.wait()
        ending = stopped(live)
        live.say(ending)
    except BaseException as error:  # SystemExit and KeyboardInterrupt of a task are failures too
        live.saver.wait()
        ending = failed(live.training.step, error)
        if live.ending is None and is_worth_another(live):
            reason, text = ending.reason or "", ending.traceback or ""
            live.say(Raised(step=ending.step, reason=reason, traceback=text))
            return False
        live.end_comparison()
        live.say(ending)
    refuse_the_rest(live, ending.status)
    return True


def is_worth_another(live: LiveRun) -> bool:
    """Whether the step that raised is one that this attempt reached by itself, and the first to
    fail there. What fails at once, or always at the same step, fails again.
    """
    attempt = live.past.attempts + 1
    return live.training.step > live.began_at and not died_alike(live.directory, attempt)


def never(live: LiveRun) -> bool:
    return False


def failed(step: int, error: BaseException) -> StatusChanged:
    try:
        text = "".join(traceback.format_exception(error))
        reason = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    except Exception:  # an exception may even fail to say what it is
        text = reason = type(error).__name__
    return StatusChanged(
        step=step,
        status=RunStatus.FAILED,
        reason=reason[:REASON_LENGTH_MAX],
        traceback=text[-TRACEBACK_LENGTH_MAX:],
    )


def stopped(live: LiveRun) -> StatusChanged:
    step = live.training.step
    return StatusChanged(step=step, status=RunStatus.STOPPED, reason="terminated")


class EndWish:
    """SIGTERM ends the run after the step in progress, with a checkpoint; a second one at once."""

    def __init__(self) -> None:
        self._is_noted = False
        self._live: LiveRun | None = None

    @property
    def live(self) -> LiveRun | None:
        """The run, once it is built; a signal that came before acts then."""
        return self._live

    @live.setter
    def live(self, live: LiveRun) -> None:
        self._live = live
        if self._is_noted:
            live.ending = stopped(live)

    def note(self, number: int, frame: FrameType | None) -> None:
        if self._live is not None:
            if self._is_noted:
                raise AskedTwice
            self._live.ending = stopped(self._live)
        self._is_noted = True


def boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:  # not Linux
        return ""


def start_ticks(pid: int) -> int:
    """When a process began, in clock ticks since the boot; 0 where that cannot be known."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    return int(text.rpartition(")")[2].split()[19])  # field 22; the name before it may hold spaces


def main() -> None:
    parser = argparse.ArgumentParser(description="Work on one run.")
    parser.add_argument("run_directory", type=Path)
    parser.add_argument("--attempt", type=int, default=1)
    parser.add_argument("--may-retry", action="store_true", help="another attempt may follow")
    arguments = parser.parse_args()
    if os.getsid(0) != os.getpid():
        with contextlib.suppress(PermissionError):  # a group leader, as under a shell's job control
            os.setsid()  # Ctrl-C in the server's terminal is not meant for the training
    directory = arguments.run_directory.resolve()
    sys.exit(work(directory, arguments.attempt, may_retry=arguments.may_retry))


if __name__ == "__main__":
    main()
