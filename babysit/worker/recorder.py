"""The worker's end of the journals: records points and events, and reads what the server asks.

Recording a step is one append to a queue; a background thread writes the queue to the journal
some twenty times a second and looks for new commands on the way: the loop waits for no disk.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from babysit.protocol.commands import Command, command_from_json
from babysit.protocol.events import (
    CheckpointPinned,
    CommandSent,
    Described,
    Event,
    Forked,
    event_from_json,
)
from babysit.protocol.serialization import to_json
from babysit.storage.disk_reserve import Reserve
from babysit.storage.journal import (
    Frame,
    JournalReader,
    JournalWriter,
    Points,
    encode_event,
    encode_points,
)
from babysit.worker.log_file import cap_log

LOOK_EVERY_S = 0.015  # for commands: one fstat
FLUSH_EVERY_S = 0.05  # points; events are written at once
SYNC_EVERY_S = 1.0  # at most this much is lost in a power cut
STEP_SERIES = ("train/cost", "learning_rate", "momentum")

StepRow: TypeAlias = tuple[int, float, float, float]  # step and the values of STEP_SERIES
Extra: TypeAlias = tuple[int, dict[str, float]]  # step and values measured only now and then
Item: TypeAlias = "StepRow | Extra | Event"


class Recorder:
    """Writes `attempt-N.journal`, reads `server.journal`.

    The loop appends to the queue and takes from `commands`; all else happens on the thread.
    """

    def __init__(
        self, run_directory: Path, attempt: int, max_steps_per_s: float | None = None
    ) -> None:
        """max_steps_per_s: as asked for when the run was made; None: as many as can be."""
        self.commands: deque[CommandSent] = deque()  # new ones, in the order sent
        self.kept: set[int] = set()  # ids of checkpoints that retention must keep
        self.guard = True  # whether the run pauses when its cost blows up
        self.max_steps_per_s = max_steps_per_s
        self.is_orphaned = False  # the run's directory was deleted: nobody will ever read this
        self.failure: Exception | None = None  # why the thread ended
        self.step_row = deque[Item]()  # public only for its bound `append` in the loop
        self._queue = self.step_row
        self._journal = JournalWriter(run_directory / f"attempt-{attempt:04d}.journal")
        self._asked = JournalReader(run_directory / "server.journal")
        self._asked_size = -1
        self._log = run_directory / "worker.log"
        self._unwritten: list[bytes] = []
        self._reserve = Reserve(run_directory / "reserve")
        self._write_error: OSError | None = None
        self._sync_error: OSError | None = None
        self._wake = threading.Event()
        self._asked_something = threading.Event()
        self._closing = False
        self._lock = threading.Lock()  # one writer at a time: the thread, or `flush`
        self._synced_at = time.monotonic()
        self._dirty = False
        self._is_child = False
        os.register_at_fork(after_in_child=self._fall_silent)
        self._read_commands()
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    # -- for the loop

    @property
    def io_error(self) -> OSError | None:
        """Why nothing can be kept just now."""
        return self._write_error or self._sync_error

    def has_recovered(self) -> bool:
        """Whether the disk takes things again, and has room for more."""
        return self.io_error is None and self._reserve.has_recovered()

    def check(self) -> None:
        """Raise if nothing that the run does will be known.

        Raises:
            FileNotFoundError: the run's directory was removed, moved or replaced.
            RuntimeError: the thread that records has failed.
        """
        if self.is_orphaned:
            raise FileNotFoundError("The run's directory is not there any more for this process.")
        if self.failure is not None:
            raise RuntimeError("The run cannot be recorded any more.") from self.failure

    def values(self, step: int, values: dict[str, float]) -> None:
        """Record numbers that are not measured at every step."""
        self._queue.append((step, values))

    def event(self, event: Event) -> None:
        """Record an event; it is written and synced at once, after everything before it."""
        self._queue.append(event)
        self._wake.set()

    def wait_for_command(self, timeout_s: float) -> None:
        """Return when a command has come, or after the time."""
        self._asked_something.wait(timeout_s)
        self._asked_something.clear()

    def flush(self) -> None:
        """Return when everything recorded so far is on the disk, if the disk takes it."""
        with self._lock:
            self._write()
            self._sync()

    def close(self) -> None:
        """Write what is left and end the thread."""
        self._closing = True
        self._wake.set()
        if not self._is_child:  # threads are not forked
            self._thread.join()
        self.flush()
        self._reserve.spend()
        self._journal.close()

    def _fall_silent(self) -> None:
        """A process that the task forked is not the worker, even if it goes on with the loop."""
        self._is_child = self.is_orphaned = True
        self._lock = threading.Lock()  # whoever held it is not in this process

    # -- the thread

    def _work(self) -> None:
        try:
            self._write_and_read()
        except Exception as error:  # the loop raises it: a run without records is none
            self.failure = error

    def _write_and_read(self) -> None:
        flushed_at = time.monotonic()
        while not self._closing:
            event_waits = self._wake.wait(LOOK_EVERY_S)
            self._wake.clear()
            self._read_commands()
            now = time.monotonic()
            if event_waits or now - flushed_at >= FLUSH_EVERY_S:
                with self._lock:
                    self._write()
                    if event_waits or now - self._synced_at >= SYNC_EVERY_S:
                        self._sync()
                flushed_at = now

    def _write(self) -> None:
        self._unwritten += payloads(self._queue)
        if not self._unwritten or self._is_child:
            return
        try:
            self._journal.append(self._unwritten)
        except OSError as error:  # kept in memory; tried again at the next flush
            if error.errno == errno.EBADF:  # the task closed it: nothing can be said any more
                os._exit(os.EX_IOERR)
            self._write_error = error
            self._reserve.spend()
            return
        self._unwritten = []
        self._write_error = None
        self._dirty = True

    def _sync(self) -> None:
        self._synced_at = time.monotonic()
        self.is_orphaned = self._journal.is_deleted()
        cap_log(self._log)
        if not self._dirty:
            return
        try:
            self._journal.sync()
        except OSError as error:  # tried again a second later
            self._sync_error = error
            return
        self._sync_error = None
        self._dirty = False

    def _read_commands(self) -> None:
        try:
            size = self._asked.path.stat().st_size
            if size == self._asked_size:
                return
            records = self._asked.read()
        except OSError:  # it is not there yet, or too many files are open: asked again soon
            return
        self._asked_size = size
        for record in records:
            if isinstance(record, Frame) and isinstance(record.body, dict):
                self._handle_event(record.body)

    def _handle_event(self, body: dict[str, Any]) -> None:
        try:
            event = event_from_json(body)
        except ValueError:  # of a newer server; it cannot be meant for this worker
            return
        match event:
            case CommandSent(redo_at=None):  # others are not for now: see recovery.py
                self.commands.append(event)
                self._asked_something.set()
            case CheckpointPinned(pinned=True) | Forked():
                self.kept.add(event.checkpoint_id)
            case CheckpointPinned():
                self.kept.discard(event.checkpoint_id)
            case Described():
                if event.guard is not None:
                    self.guard = event.guard
                if event.max_steps_per_s is not None:
                    self.max_steps_per_s = event.max_steps_per_s or None
                    self._asked_something.set()
            case _:
                pass


def payloads(queue: deque[Item]) -> list[bytes]:
    """Take what is in the queue now and encode it: points in blocks, events where they happened."""
    found: list[bytes] = []
    rows: list[StepRow] = []
    extras: dict[tuple[str, ...], list[Extra]] = {}

    def end_blocks() -> None:
        if rows:
            found.append(encode_points(_block(STEP_SERIES, rows)))
            rows.clear()
        for names, items in extras.items():
            # The names are the keys of each item, in their order.
            columns = [(step, *values.values()) for step, values in items]
            found.append(encode_points(_block(names, columns)))
        extras.clear()

    for _ in range(len(queue)):
        item = queue.popleft()
        if isinstance(item, Event):
            end_blocks()
            found.append(encode_event(to_json(item)))
        elif len(item) == 2:
            extras.setdefault(tuple(item[1]), []).append(item)
        else:
            rows.append(item)
    end_blocks()
    return found


def _block(names: tuple[str, ...], rows: Iterable[tuple[float, ...]]) -> Points:
    columns = list(zip(*rows, strict=True))
    return Points(
        names=names,
        steps=np.array(columns[0], dtype=np.int64),
        values=np.array(columns[1:], dtype=np.float64),
    )


def command_of(sent: CommandSent) -> Command:
    """The command in an envelope.

    Raises:
        ValueError: it is none that this version knows.
    """
    return command_from_json(sent.command)
