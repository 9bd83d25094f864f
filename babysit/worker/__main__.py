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
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from babysit.protocol.events import Raised, StatusChanged, Warned, WorkerStarted
from babysit.protocol.heartbeat import Heartbeat, failed_at_same_step
from babysit.protocol.machine import machine_name
from babysit.protocol.recipes.recipe import Recipe
from babysit.protocol.spec.run_spec import RunSpec
from babysit.protocol.spec.task_files import find_task_file
from babysit.protocol.status import EXIT_PREEMPTED, RunStatus
from babysit.resume.fork_check import fork_check
from babysit.resume.history import (
    RecoveryCheck,
    RunHistory,
    announced_in,
    commands_to_replay,
    load_or_fetch,
    newest_valid,
    read_history,
)
from babysit.resume.replay import open_recipe, replay_check, wanted_device
from babysit.storage.file_lock import lock_run
from babysit.storage.manifest import CheckpointDamaged
from babysit.storage.process_identity import identity_of
from babysit.training.metrics import Clock
from babysit.training.state import Training, begin, pick_device, restore
from babysit.training.task_loader import code_sha256, load_task
from babysit.training.user_code.failure import reason_of, traceback_of
from babysit.training.user_code.provenance import versions
from babysit.worker.changes import scheduled_event
from babysit.worker.checkpoint_writer import Saver
from babysit.worker.executor import refuse_the_rest
from babysit.worker.failed_change import reason_of_pause
from babysit.worker.log_file import open_log
from babysit.worker.loop import finish, train
from babysit.worker.recorder import Recorder
from babysit.worker.session import (
    PREEMPTED,
    ForcedExit,
    TerminationHandler,
    TrainingSession,
    stopped,
)

EXIT_RETRY = os.EX_TEMPFAIL  # exit code: the task raised, and a further attempt is worth it
SWITCH_EVERY_S = 0.0005  # a thread that brings a command or writes an answer waits for the loop


def work(run_directory: Path, attempt: int, *, may_retry: bool = False) -> int:
    """Take the run up and bring it to an end; 0 when the journal says how it ended.

    may_retry: somebody will start another attempt if a step raises for the first time.
    """
    lock = lock_run(run_directory)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is not meant for a training
    wish = TerminationHandler()
    signal.signal(signal.SIGTERM, wish.note)
    signal.signal(signal.SIGUSR2, wish.note_preemption)
    open_log(run_directory / "worker.log")
    sys.setswitchinterval(SWITCH_EVERY_S)
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)  # the server asks where a worker hangs
    heartbeat = Heartbeat(run_directory, attempt)
    torch.set_num_threads(int(os.environ.get("BABYSIT_THREADS") or 1))
    spec = RunSpec(**json.loads((run_directory / "run.json").read_text()))
    os.nice(spec.niceness)
    recorder = Recorder(run_directory, attempt, spec.max_steps_per_s)
    step, code = 0, 0
    try:
        history = read_history(run_directory, attempt)
        step = history.last_step
        recipe = open_recipe(run_directory, spec)
        training = prepare(spec, run_directory, history, recipe)
        saver = Saver(spec.id, run_directory / "checkpoints", recorder, history, spec.ranking)
        session = TrainingSession(
            spec, run_directory, training, recorder, saver, heartbeat, history=history
        )
        attach_recovery(session, recipe)
        wish.session = session
        announce_start(session)
        if attempt == 1:
            session.save("start")
        code = run_until_done(session, should_retry if may_retry else never)
        saver.close()
    except BaseException as error:  # building failed: the task's fault, or the checkpoint's
        recorder.event(failed(step, error))
    recorder.close()
    os.close(lock)
    return code


def prepare(
    spec: RunSpec, run_directory: Path, history: RunHistory, recipe: Recipe | None = None
) -> Training:
    """Build the training: from the newest valid checkpoint of an earlier attempt, from the one the
    run forks from, or from the beginning.
    """
    file = find_task_file(spec.task)
    task = load_task(file)
    device = pick_device(task, wanted_device(recipe))
    code = code_sha256(file)
    newest, problems = newest_valid(run_directory, history)
    if newest is not None:
        spec = replace(spec, values={})  # they are in the checkpoint already
        training = restore(spec, task, newest, device=device, code_sha256=code, is_fork=False)
        training.steps = int(newest.state["steps"])
        training.last_command_id = int(newest.state["last_command_id"])
    elif spec.parent_directory is None:
        training = begin(spec, task, device=device, code_sha256=code)
    else:
        directory = run_directory.parent.parent / spec.parent_directory
        try:
            snapshot = load_or_fetch(directory, announced_in(spec))
        except CheckpointDamaged as error:
            raise CheckpointDamaged(f"The checkpoint cannot be used: {error}.") from error
        training = restore(spec, task, snapshot, device=device, code_sha256=code, is_fork=True)
    training.warnings += problems
    return training


def attach_recovery(session: TrainingSession, recipe: Recipe | None) -> None:
    """Make the run catch up with what its earlier attempts had done, and follow its recipe."""
    training, history = session.training, session.history
    if history.attempts or recipe is not None:
        step, last = training.step, training.last_command_id
        session.to_replay = commands_to_replay(
            session.directory, history, from_step=step, last_command_id=last
        )
    if not history.attempts:
        session.fork_check = fork_check(session.spec, session.directory, training)
    if history.attempts:
        session.recovery_check = RecoveryCheck(training.step, history)
        active_s = [seconds for step, seconds in history.active_s.items() if step <= training.step]
        session.clock = Clock(max(active_s, default=0.0))
    if recipe is not None:
        session.replay_check = replay_check(recipe, training, history)


def announce_start(session: TrainingSession) -> None:
    """Say who took the run up, and begin."""
    training, process = session.training, identity_of(os.getpid())
    session.emit(
        WorkerStarted(
            step=training.step,
            pid=process.pid,
            start_ticks=process.start_ticks,
            boot_id=process.boot_id,
            threads=torch.get_num_threads(),
            device=training.device,
            versions=versions(),
            code_sha256=training.made_with["code_sha256"],
            data_sha256=training.made_with["data_sha256"],
            val_sha256=training.made_with["val_sha256"],
            settings=training.made_with["settings"],
            train_size=training.batches.size,
            val_size=len(training.data.val),  # type: ignore[arg-type]
            steps_per_epoch=training.batches.steps_per_epoch(),
            parameters=sum(parameter.numel() for parameter in training.network.parameters()),
            values=dict(training.controls.values),
            machine=machine_name(),
        )
    )
    for warning in training.warnings:
        session.emit(Warned(step=training.step, message=warning))
    for waiting in training.controls.scheduled:  # a fork takes over what its parent had planned
        if waiting.command_id not in session.history.carried_out:
            session.emit(scheduled_event(waiting, training.step))
    session.emit(StatusChanged(step=training.step, status=RunStatus.RUNNING))


def run_until_done(
    session: TrainingSession, should_retry: Callable[[TrainingSession], bool]
) -> int:
    """Train. What the task raises ends the run as failed, with all points up to there; or only this
    attempt, if another one may do better. Returns: the code to exit with.
    """
    tripped = None
    try:
        ending = train(session)
        if ending is PREEMPTED:
            session.save("timer")
            session.saver.wait()
            return EXIT_PREEMPTED
        finish(session, ending)
    except ForcedExit:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a third one must not interrupt this
        session.save_best()
        session.saver.wait()
        ending = stopped(session)
        session.emit(ending)
    except BaseException as error:  # SystemExit and KeyboardInterrupt of a task are failures too
        session.save_best()
        session.saver.wait()
        ending = failed(session.training.step, error)
        tripped = session.hold_failed_change(error)
        if tripped is None:
            if session.ending is None and should_retry(session):
                reason, text = ending.reason or "", ending.traceback or ""
                session.emit(Raised(step=ending.step, reason=reason, traceback=text))
                return EXIT_RETRY
            session.end_comparison()
            session.emit(ending)
    if tripped is not None:  # only here: the exception held the tensors of the update that raised
        session.emit(tripped)
        session.pause(reason_of_pause(tripped))
        return run_until_done(session, should_retry)
    refuse_the_rest(session, ending.status)
    return 0


def should_retry(session: TrainingSession) -> bool:
    """Whether the step that raised is one that this attempt reached by itself, and the first to
    fail there. What fails at once, or always at the same step, fails again.
    """
    attempt = session.history.attempts + 1
    return session.training.step > session.began_at and not failed_at_same_step(
        session.directory, attempt
    )


def never(session: TrainingSession) -> bool:
    return False


def failed(step: int, error: BaseException) -> StatusChanged:
    return StatusChanged(
        step=step,
        status=RunStatus.FAILED,
        reason=reason_of(error),
        traceback=traceback_of(error),
    )


def main(work: Callable[..., int] = work) -> None:
    """work: takes the directory, the attempt and `may_retry`; gives the code to exit with."""
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
