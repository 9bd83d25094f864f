"""The worker's end of its journal: records points and events.

Recording a step is one append to a queue; a background thread writes the queue to the journal
some ten times a second: the loop waits for no disk.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

import numpy as np

from babysit.protocol.events import Event
from babysit.protocol.serialization import to_json
from babysit.storage.disk_reserve import Reserve
from babysit.storage.journal import (
    JournalWriter,
    Points,
    encode_event,
    encode_points,
)
from babysit.worker.inbox import Inbox
from babysit.worker.log_file import cap_log

LOOK_EVERY_S = 0.75  # in case a wake-up was lost; also between two turns of a paused loop
FLUSH_EVERY_S = 0.1  # points; events are written at once
FLUSH_SOON_S = 0.0125  # the points after an event; twice as long each time, up to the above
SYNC_EVERY_S = 1.0  # at most this much is lost in a power cut
STEP_SERIES = ("train/cost", "learning_rate", "momentum")

StepRow: TypeAlias = tuple[int, float, float, float]  # step and the values of STEP_SERIES
Extra: TypeAlias = tuple[int, dict[str, float]]  # step and values measured only now and then
Item: TypeAlias = "StepRow | Extra | Event"


class Recorder:
    """Writes `attempt-N.journal`; its inbox reads `server.journal`.

    The loop appends to the queue; all else happens on the thread.
    """

    def __init__(
        self, run_directory: Path, attempt: int, max_steps_per_s: float | None = None
    ) -> None:
        """max_steps_per_s: as asked for when the run was made; None: as many as can be."""
        self.inbox = Inbox(run_directory, max_steps_per_s)
        self.commands, self.kept = self.inbox.commands, self.inbox.kept
        self.is_resting = False  # the loop is paused: no point comes
        self.is_orphaned = False  # the run's directory was deleted: nobody will ever read this
        self.failure: Exception | None = None  # why the thread ended
        self.step_row = deque[Item]()  # public only for its bound `append` in the loop
        self._queue = self.step_row
        self._journal = JournalWriter(run_directory / f"attempt-{attempt:04d}.journal")
        self._log = run_directory / "worker.log"
        self._unwritten: list[bytes] = []
        self._reserve = Reserve(run_directory / "reserve")
        self._write_error: OSError | None = None
        self._sync_error: OSError | None = None
        self._wake = threading.Event()
        self._closing = False
        self._lock = threading.Lock()  # one writer at a time: the thread, or `flush`
        self._synced_at = self._looked_at = time.monotonic()
        self._dirty = False
        self._is_child = False
        os.register_at_fork(after_in_child=self._fall_silent)
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
        if failure := self.failure or self.inbox.failure:
            raise RuntimeError("The run cannot be recorded any more.") from failure

    def values(self, step: int, values: dict[str, float]) -> None:
        """Record numbers that are not measured at every step."""
        self._queue.append((step, values))

    def event(self, event: Event) -> None:
        """Record an event; it is written and synced at once, after everything before it."""
        self._queue.append(event)
        self._wake.set()

    def wait_for_command(self, timeout_s: float) -> None:
        """Return when a command has come, or after the time."""
        self.inbox.wait(timeout_s)
        if self.is_resting and not self._is_child:  # then the thread does not look
            self._look()

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
            self.inbox.close()
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
        pause_s = FLUSH_SOON_S
        while not self._closing:
            event_waits = self._wake.wait(None if self._is_at_rest() else pause_s)
            self._wake.clear()
            with self._lock:
                self._write()
                if event_waits or time.monotonic() - self._synced_at >= SYNC_EVERY_S:
                    self._sync()
            self._look()
            pause_s = FLUSH_SOON_S if event_waits else min(2 * pause_s, FLUSH_EVERY_S)

    def _is_at_rest(self) -> bool:
        """Whether there is nothing to do until an event comes."""
        is_idle = self.is_resting and not (self._queue or self._dirty)
        return is_idle and not self._unwritten and self.io_error is None

    def _look(self) -> None:
        """What is done now and then, whatever happens."""
        if time.monotonic() - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = time.monotonic()
            self.inbox.look()
            if self.is_resting:
                self.flush()

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
