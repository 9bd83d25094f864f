"""Writes checkpoints beside the training, in a thread, and removes those that nothing needs."""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import shutil
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from babysit.protocol.events import CheckpointRemoved, CheckpointSaved, Event, Warned
from babysit.protocol.objective import DEFAULT, Objective
from babysit.protocol.serialization import now
from babysit.protocol.spec.run_spec import checkpoint_id
from babysit.protocol.status import CheckpointCause
from babysit.resume.history import RunHistory
from babysit.storage.journal import to_jsonable
from babysit.training.checkpoint import Snapshot, write_checkpoint
from babysit.training.copies import KeptMemory
from babysit.worker.background import step_back
from babysit.worker.recorder import Recorder

TIMER_EVERY_S = 10.0  # of training, at the least
TIMER_LATEST_S = 55.0  # with its writing, at most a minute of work is lost in a crash
COST_MAX = 0.01  # of the training time that checkpoints by the timer may take
BEST_EVERY_S = 5.0  # the best state waits in memory meanwhile: the cost may fall at each evaluation
LAST_KEPT = 5
BEST_KEPT = 3
LOOK_EVERY_S = 1.0  # whether the thread that is waited for is alive
LARGE_BYTES_MIN = 16 * 1024 * 1024  # of a checkpoint that is written in the background
WAITING_MAX = 4  # snapshots in memory; a timer's is left out when so many wait
ALWAYS_KEPT: frozenset[CheckpointCause] = frozenset({"start", "change", "user", "pause", "end"})


@dataclass(slots=True)
class Saved:
    """A checkpoint of this run, on the disk or on its way there."""

    id: int
    step: int
    version: int  # of the settings: equal step and version mean an equal state
    cause: CheckpointCause
    directory: str
    val_cost: float | None
    objective_value: float | None = None  # of a run whose objective is another one
    failed: bool = False  # it could not be written


class Saver:
    """Takes snapshots from the loop and turns them into announced checkpoints, in order."""

    def __init__(
        self,
        run_id: int,
        checkpoints: Path,
        recorder: Recorder,
        history: RunHistory | None = None,
        objective: Objective = DEFAULT,
    ) -> None:
        """history: what earlier attempts of the run saved; numbers and names go on from there.

        objective: by which retention keeps the best ones.
        """
        history = history or RunHistory()
        checkpoints.mkdir(exist_ok=True)
        named = {known.directory for known in history.checkpoints.values()} | history.damaged
        for entry in list(checkpoints.iterdir()):  # a worker died before it could say so
            if entry.name not in named:
                shutil.rmtree(entry, ignore_errors=True)
        self._names = {entry.name for entry in checkpoints.iterdir()}
        self._run_id = run_id
        self._checkpoints, self._recorder = checkpoints, recorder
        self._objective = objective
        self._count = history.ordinal
        self._last: Saved | None = None
        self._on_disk = [
            Saved(
                *(known.id, known.step, -1, known.cause, known.directory),
                val_cost=known.val_cost,
                objective_value=known.objective_value,
            )
            for known in history.checkpoints.values()
        ]
        self._saved_at = self._queued_at = time.monotonic()
        self._cost_s = 0.0  # of the last one: copying and writing
        self._is_warned = False  # that nothing can be written; once is enough
        self.memory = KeptMemory()  # for the snapshots; what lies in it is free once it is written
        self._jobs: queue.Queue[Callable[[], None] | None] = queue.Queue()
        os.register_at_fork(after_in_child=self._forget_jobs)
        self._thread = threading.Thread(target=self._work, name="saver", daemon=True)
        self._thread.start()

    def is_timer_due(self, *, evaluated: bool) -> bool:
        """Whether it is time again: at an evaluation if one comes soon, else in between."""
        since_s = time.monotonic() - self._saved_at
        wanted_s = self.interval_s if evaluated else 2 * self.interval_s
        return since_s >= min(wanted_s, TIMER_LATEST_S) and not self._is_busy()

    @property
    def interval_s(self) -> float:
        """Seconds from this checkpoint to the next one by the timer."""
        return interval_s(self._cost_s)

    @property
    def latest_s(self) -> float:
        """When the next one must be begun, in monotonic seconds."""
        return self._saved_at + TIMER_LATEST_S

    def is_best_due(self) -> bool:
        wanted_s = max(BEST_EVERY_S, min(self._cost_s / COST_MAX, TIMER_LATEST_S))
        return time.monotonic() - self._queued_at >= wanted_s and not self._is_busy()

    def current(self, step: int, version: int) -> Saved | None:
        """The checkpoint that already holds this very state, if there is one."""
        last = self._last
        if last is None or last.failed:
            return None
        return last if (last.step, last.version) == (step, version) else None

    def save(
        self,
        snapshot: Snapshot,
        cause: CheckpointCause,
        *,
        version: int,
        val_cost: float | None,
        objective_value: float | None = None,
        command_id: int | None = None,
        copied_s: float = 0.0,
        taken_at: float | None = None,
    ) -> Saved:
        """Queue a snapshot for writing; it is announced when it is on the disk.

        objective_value: of an objective that is not the validation cost.
        copied_s: how long the training stood still for the snapshot.
        taken_at: when that was, in monotonic seconds; None: just now.
        """
        self._count += 1
        step = int(snapshot.state["step"])
        directory = next(name for name in _names_of(step) if name not in self._names)
        self._names.add(directory)
        ident = checkpoint_id(self._run_id, self._count)
        self._last = saved = Saved(
            ident, step, version, cause, directory, val_cost, objective_value
        )
        self._queued_at = time.monotonic()
        self._saved_at = self._queued_at if taken_at is None else taken_at
        self._jobs.put(lambda: self._write(saved, snapshot, command_id, copied_s))
        return saved

    def report_failure(
        self, step: int, cause: CheckpointCause, *, version: int, reason: str
    ) -> Saved:
        """Say that the state could not be copied; the training goes on, and tries again."""
        self._saved_at = time.monotonic()
        self._last = saved = Saved(0, step, version, cause, "", None, failed=True)
        self._jobs.put(lambda: self._warn(saved, f"the state could not be copied: {reason}"))
        return saved

    def emit_when_saved(self, make_event: Callable[[], Event]) -> None:
        """Say something once everything queued so far is on the disk."""
        self._jobs.put(lambda: self._recorder.event(make_event()))

    def wait(self) -> None:
        """Return when everything queued so far is on the disk and announced, or has failed."""
        with self._jobs.all_tasks_done:
            while self._jobs.unfinished_tasks and self._thread.is_alive():
                self._jobs.all_tasks_done.wait(LOOK_EVERY_S)

    def close(self) -> None:
        self._jobs.put(None)
        if self._thread.is_alive():
            self._thread.join()
        self.memory.release()

    def _forget_jobs(self) -> None:
        """Nobody works on them in a process that the task forked: do not wait for ever."""
        self._jobs, self.memory = queue.Queue(), KeptMemory()  # their locks may be held for ever

    @property
    def _newest_step(self) -> int:
        return self._last.step if self._last is not None else 0

    def _is_busy(self) -> bool:
        return self._jobs.unfinished_tasks >= WAITING_MAX

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception as error:  # the next one may succeed, and the loop waits for all
                traceback.print_exc()
                self._recorder.event(
                    Warned(step=self._newest_step, message=f"Saving failed: {error!r}")
                )
            finally:
                del job  # and with it the snapshot: the next job may be long in coming
                self._jobs.task_done()
        self._jobs.task_done()

    def _write(
        self, saved: Saved, snapshot: Snapshot, command_id: int | None, copied_s: float
    ) -> None:
        about = {
            "id": saved.id,
            "run_id": self._run_id,
            "cause": saved.cause,
            "val_cost": saved.val_cost,
            **_given("objective_value", saved.objective_value),
            "created_at": now(),
        }
        if snapshot.bytes >= LARGE_BYTES_MIN:  # somebody may wait for a small one
            step_back()
        began_s = time.monotonic()
        try:
            self._checkpoints.mkdir(exist_ok=True)  # somebody may have removed it
            written = write_checkpoint(self._checkpoints, saved.directory, snapshot, about)
        except Exception as error:
            saved.failed = True
            self._warn(saved, self._why(error, snapshot.bytes))
            return
        finally:
            snapshot.copies.give_back()
        self._cost_s = copied_s + time.monotonic() - began_s
        self._is_warned = False
        self._on_disk.append(saved)
        self._recorder.event(
            CheckpointSaved(
                step=saved.step,
                checkpoint_id=saved.id,
                directory=saved.directory,
                cause=saved.cause,
                val_cost=to_jsonable(saved.val_cost),
                bytes=written.bytes,
                weights_sha256=written.weights_sha256,
                state_sha256=written.state_sha256,
                command_id=command_id,
                objective_value=to_jsonable(saved.objective_value),
            )
        )
        self._remove_unneeded()

    def _warn(self, saved: Saved, why: str) -> None:
        """Say why a checkpoint could not be written; the training goes on, and tries again."""
        if self._is_warned and saved.cause in ("timer", "best"):
            return
        self._is_warned = True
        message = f"The checkpoint of step {saved.step:,} could not be written: {why}"
        self._recorder.event(Warned(step=saved.step, message=message))

    def _why(self, error: Exception, bytes_needed: int) -> str:
        with contextlib.suppress(OSError):
            free = shutil.disk_usage(self._checkpoints).free
            if free < bytes_needed:
                needed = f"{bytes_needed / 1e6:,.1f} MB needed"
                return f"the disk is full: {needed}, {free / 1e6:,.1f} MB free"
        return str(error)

    def _remove_unneeded(self) -> None:
        for saved in unneeded(self._on_disk, self._recorder.kept, self._objective):
            self._on_disk.remove(saved)
            # Said first: a crash in between leaves bytes that nothing names, never the reverse.
            self._recorder.event(CheckpointRemoved(step=saved.step, checkpoint_id=saved.id))
            shutil.rmtree(self._checkpoints / saved.directory, ignore_errors=True)


def interval_s(cost_s: float) -> float:
    """Seconds between two checkpoints of this cost: they take 1 % of the time at most, unless that
    would put more than a minute of work at risk.
    """
    return min(max(cost_s / COST_MAX, TIMER_EVERY_S), TIMER_LATEST_S)


def _names_of(step: int) -> Iterator[str]:
    """The step; and for further states at the same step, `<step>-2`, `<step>-3`, …"""
    yield str(step)
    yield from (f"{step}-{number}" for number in itertools.count(2))


def _given(name: str, value: float | None) -> dict[str, float]:
    return {} if value is None else {name: value}


def unneeded(saved: list[Saved], kept: set[int], objective: Objective = DEFAULT) -> list[Saved]:
    """Those that retention removes: not among the last, the best, the asked or referred for."""
    last = {item.id for item in saved[-LAST_KEPT:]}
    measured = [
        (objective.in_checkpoint(item.val_cost, item.objective_value), item.id, item)
        for item in saved
    ]
    best = {item.id for item in objective.ranked(measured)[:BEST_KEPT]}
    needed = last | best | kept
    return [item for item in saved if item.id not in needed and item.cause not in ALWAYS_KEPT]
