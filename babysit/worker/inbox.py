"""What the server asks of a run: a thread reads `server.journal` as soon as it has grown."""

from __future__ import annotations

import queue
import threading
from collections import deque
from pathlib import Path
from typing import Any

from babysit.protocol.commands import Command, command_from_json
from babysit.protocol.events import (
    CheckpointPinned,
    CommandSent,
    Described,
    Forked,
    event_from_json,
)
from babysit.storage.file_watch import FileWatch
from babysit.storage.journal import Frame, JournalReader, Record


class Inbox:
    """Reads `server.journal`. The loop takes from `commands`; all else happens on the thread.

    The thread has no timer. `look` is called about once a second, in case a wake-up was lost.
    """

    def __init__(self, run_directory: Path, max_steps_per_s: float | None = None) -> None:
        """max_steps_per_s: as asked for when the run was made; None: as many as can be."""
        self.commands: deque[CommandSent] = deque()  # new ones, in the order sent
        self.kept: set[int] = set()  # ids of checkpoints that retention must keep
        self.guard = True  # whether the run pauses when its cost blows up
        self.max_steps_per_s = max_steps_per_s
        self.failure: Exception | None = None  # why the thread ended
        self._journal = JournalReader(run_directory / "server.journal")
        self._size = -1
        self._lock = threading.Lock()  # one reader at a time
        self._bell = queue.SimpleQueue[None]()  # its `put` may be called in a signal handler
        self._closing = False
        self._watch = FileWatch()
        self._watch.add(self._journal.path)
        self._read()
        self._thread = threading.Thread(target=self._work, name="inbox", daemon=True)
        self._thread.start()

    # -- for the loop

    def wait(self, timeout_s: float) -> None:
        """Return when something has come, after `ring`, or after the time."""
        try:
            self._bell.get(timeout=timeout_s)
            while True:
                self._bell.get_nowait()
        except queue.Empty:
            return

    def ring(self) -> None:
        """End the waiting; also from a signal handler."""
        if self._bell.empty():
            self._bell.put(None)

    def look(self) -> None:
        """Read what is new, whether or not the kernel has told of it."""
        self._watch.refresh()
        self._read()

    def close(self) -> None:
        self._closing = True
        self._watch.set()
        self._thread.join()
        self._watch.close()

    # -- the thread

    def _work(self) -> None:
        try:
            while not self._closing:
                self._watch.wait()
                self._watch.clear()
                self._read()
        except Exception as error:  # the loop raises it: a run that hears nothing is lost
            self.failure = error
            self.ring()

    def _read(self) -> None:
        with self._lock:
            try:
                size = self._journal.path.stat().st_size
                if size == self._size:
                    return
                while records := self._journal.read():
                    self._handle(records)
            except OSError:  # it is not there yet, or too many files are open: asked again soon
                return
            self._size = size

    def _handle(self, records: list[Record]) -> None:
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
                self.ring()
            case CheckpointPinned(pinned=True) | Forked():
                self.kept.add(event.checkpoint_id)
            case CheckpointPinned():
                self.kept.discard(event.checkpoint_id)
            case Described():
                if event.guard is not None:
                    self.guard = event.guard
                if event.max_steps_per_s is not None:
                    self.max_steps_per_s = event.max_steps_per_s or None
                    self.ring()
            case _:
                pass


def command_of(sent: CommandSent) -> Command:
    """The command in an envelope.

    Raises:
        ValueError: it is none that this version knows.
    """
    return command_from_json(sent.command)
