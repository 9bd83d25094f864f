"""One process that works on one run: `python -m babysit.worker RUN_DIRECTORY --attempt N`.

It needs no server: what it is asked stands in `server.journal`, what happens in
`attempt-N.journal`.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import fcntl
import json
import os
import signal
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from types import FrameType

import torch

from babysit.answer import refuse_the_rest, waiting_said
from babysit.checkpoint import CheckpointDamaged, load_checkpoint
from babysit.find import code_sha256, find_task_file, load_task
from babysit.live import LiveRun
from babysit.log import open_log
from babysit.loop import finish, train
from babysit.messages import RunAsked, RunStatus, StatusChanged, Warned, WorkerStarted
from babysit.recorder import Recorder
from babysit.recovery import Past, catch_up, newest_valid, read_past
from babysit.saver import Saver
from babysit.telemetry import Clock
from babysit.training import Training, begin, pick_device, restore, versions

TRACEBACK_LENGTH_MAX = 16_000  # characters; the end says what went wrong
REASON_LENGTH_MAX = 500  # characters


class AlreadyTaken(Exception):
    """Another living worker holds the run."""


def work(run_directory: Path, attempt: int) -> int:
    """Take the run up and bring it to an end; 0 when the journal says how it ended."""
    lock = take_lock(run_directory)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is not meant for a training
    open_log(run_directory / "worker.log")
    faulthandler.enable()
    torch.set_num_threads(int(os.environ.get("BABYSIT_THREADS", "1")))
    asked = RunAsked(**json.loads((run_directory / "run.json").read_text()))
    recorder = Recorder(run_directory, attempt)
    step = 0
    try:
        past = read_past(run_directory, attempt)
        step = past.last_step
        training = prepare(asked, run_directory, past)
        saver = Saver(asked.id, run_directory / "checkpoints", recorder, past)
        live = LiveRun(asked, run_directory, training, recorder, saver, past=past)
        if attempt > 1:
            take_up(live)
        signal.signal(signal.SIGTERM, stop_on_signal(live))
        introduce(live)
        if attempt == 1:
            live.save("start")
        ending = run_to_the_end(live)
        refuse_the_rest(live, ending.status)
        saver.close()
    except BaseException as error:  # building failed: the task's fault, or the checkpoint's
        recorder.event(failed(step, error))
    recorder.close()
    os.close(lock)
    return 0


def prepare(asked: RunAsked, run_directory: Path, past: Past) -> Training:
    """Build the training: from the newest valid checkpoint of an earlier attempt, from the one the
    run forks from, or from the beginning.
    """
    file = find_task_file(asked.task)
    task = load_task(file)
    device = pick_device(task, os.environ.get("BABYSIT_DEVICE", "auto"))
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
            snapshot = load_checkpoint(directory)
        except CheckpointDamaged as error:
            raise CheckpointDamaged(f"The checkpoint cannot be used: {error}.") from error
        training = restore(asked, task, snapshot, device=device, code_sha256=code, is_fork=True)
    training.warnings += problems
    return training


def take_up(live: LiveRun) -> None:
    """Make the run catch up with what its earlier attempts had done."""
    training, past = live.training, live.past
    live.catch_up = catch_up(
        live.directory,
        past,
        from_step=training.step,
        last_command_id=training.last_command_id,
    )
    active_s = [seconds for step, seconds in past.active_s.items() if step <= training.step]
    live.clock = Clock(max(active_s, default=0.0))


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


def run_to_the_end(live: LiveRun) -> StatusChanged:
    """Train; whatever the task raises ends the run as failed, with all points up to there."""
    try:
        ending = train(live)
        finish(live, ending)
    except BaseException as error:  # SystemExit and KeyboardInterrupt of a task are failures too
        live.saver.wait()
        ending = failed(live.training.step, error)
        live.say(ending)
    return ending


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


def stop_on_signal(live: LiveRun):  # type: ignore[no-untyped-def]
    """A handler that ends the run after the step in progress, with a checkpoint."""

    def stop(number: int, frame: FrameType | None) -> None:
        live.ending = StatusChanged(
            step=live.training.step, status=RunStatus.STOPPED, reason="terminated"
        )

    return stop


def take_lock(run_directory: Path) -> int:
    """Hold the run's lock until this process ends.

    Raises:
        AlreadyTaken: another worker holds it.
    """
    lock = os.open(run_directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise AlreadyTaken(f"Another worker holds {run_directory.name}.") from error
    # What the task forks, such as loaders of its data, must not hold the run when this one is gone.
    os.register_at_fork(after_in_child=lambda: close_quietly(lock))
    return lock


def close_quietly(fd: int) -> None:
    with contextlib.suppress(OSError):
        os.close(fd)


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
    arguments = parser.parse_args()
    if os.getsid(0) != os.getpid():
        with contextlib.suppress(PermissionError):  # a group leader, as under a shell's job control
            os.setsid()  # Ctrl-C in the server's terminal is not meant for the training
    sys.exit(work(arguments.run_directory.resolve(), arguments.attempt))


if __name__ == "__main__":
    main()
