"""Waits until a file has grown: whoever appends to it wakes whoever waits, through the kernel.

On Linux this is inotify. Where there is none, or no watch is left, waiting ends every `POLL_S`.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import select
import struct
import sys
import threading
import weakref
from pathlib import Path

POLL_S = 0.02  # where the kernel does not tell
IN_MODIFY, IN_MOVED_TO, IN_CREATE = 0x2, 0x80, 0x100  # of sys/inotify.h
IN_DELETE_SELF, IN_MOVE_SELF, IN_Q_OVERFLOW, IN_IGNORED = 0x400, 0x800, 0x4000, 0x8000
IN_DELETE = 0x200
NEW = IN_CREATE | IN_MOVED_TO
CHANGED = NEW | IN_MODIFY | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF
EVENT = struct.Struct("iIII")  # watch, mask, cookie, length of the name
READ_BYTES = 65_536
MISSING = (errno.ENOENT, errno.ENOTDIR)


class FileWatch:
    """Wakes one thread when a watched file has grown, or when somebody calls `set`.

    It is used like a `threading.Event`: `wait`, then `clear`, then look, so that nothing is missed.
    A file may not exist yet. Of a folder it tells that a file in it is new, was changed or removed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paths: dict[Path, int | None] = {}  # to the watch; None: there is none yet
        self._watches: dict[int, Path] = {}  # of files, and of folders that lack one
        self._grown: set[Path] = set()
        self._is_blind = False  # a file is there, but the kernel cannot watch it
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._open()
        self._read_end, self._write_end = os.pipe()
        self._poll = select.poll()
        self._poll.register(self._read_end, select.POLLIN)
        for fd in (self._read_end, self._write_end):
            os.set_blocking(fd, False)
        if self._fd >= 0:
            self._poll.register(self._fd, select.POLLIN)
        fds = (self._fd, self._read_end, self._write_end)
        self._close = weakref.finalize(self, _close_all, fds)

    def _open(self) -> int:
        if not sys.platform.startswith("linux"):
            return -1
        try:
            return int(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        except AttributeError:  # a C library without it
            return -1

    # -- which files

    def add(self, path: Path) -> None:
        """Wake when this file grows, or when it is created."""
        with self._lock:
            self._paths[path] = None
            self._grown.add(path)
            self._watch(path)
        self.set()  # whoever waits does not know of it yet

    def remove(self, path: Path) -> None:
        with self._lock:
            watch = self._paths.pop(path, None)
            self._grown.discard(path)
            if watch is not None and self._watches.get(watch) == path:
                self._unwatch(watch)

    def refresh(self) -> None:
        """Watch files that were replaced since they were added. Call it now and then."""
        with self._lock:
            self._is_blind = False
            for path in self._paths:
                self._watch(path)

    def _watch(self, path: Path) -> None:
        """Watch the file; while it is missing, watch its folder."""
        folder = self._paths[path]
        watch = self._add_watch(path, CHANGED)
        if watch is None:
            folder = self._add_watch(path.parent, NEW)
            watch = self._add_watch(path, CHANGED)  # it may just have been made
            if watch is None:
                watch = folder
        if folder is not None and folder != watch and self._watches.get(folder) == path:
            self._unwatch(folder)
        self._paths[path] = watch
        if watch is not None:
            self._watches[watch] = path

    def _add_watch(self, path: Path, mask: int) -> int | None:
        if self._fd < 0:
            return None
        watch = int(self._libc.inotify_add_watch(self._fd, os.fsencode(path), mask))
        if watch < 0:
            self._is_blind |= ctypes.get_errno() not in MISSING
            return None
        return watch

    def _unwatch(self, watch: int) -> None:
        self._watches.pop(watch, None)
        self._libc.inotify_rm_watch(self._fd, watch)

    # -- as an event

    def set(self) -> None:
        """End the waiting, from any thread, and also from a signal handler."""
        with contextlib.suppress(BlockingIOError, OSError):  # woken already, or closed
            os.write(self._write_end, b"\0")

    def wait(self, timeout_s: float | None = None) -> None:
        """Return when a file has grown, after `set`, or after the time."""
        if self.is_blind:
            timeout_s = POLL_S if timeout_s is None else min(timeout_s, POLL_S)
        # Rounded up: a wait that ends too early is one more wake-up.
        self._poll.poll(None if timeout_s is None else max(0.0, timeout_s) * 1000)

    def clear(self) -> None:
        """Take note of what has happened up to now."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._read_end, READ_BYTES)
        if self._fd >= 0:
            with contextlib.suppress(BlockingIOError), self._lock:
                self._note(os.read(self._fd, READ_BYTES))

    def take_grown(self) -> list[Path]:
        """The files that have grown, as far as `clear` took note; all, where that is not known."""
        with self._lock:
            grown, self._grown = self._grown, set()
            return list(self._paths if self.is_blind else grown)

    def _note(self, data: bytes) -> None:
        place = 0
        while place < len(data):
            watch, mask, _, length = EVENT.unpack_from(data, place)
            place += EVENT.size + length
            if mask & IN_Q_OVERFLOW:
                self._grown.update(self._paths)
                continue
            path = self._watches.get(watch)
            if path is None:
                continue
            self._grown.add(path)
            if mask & IN_IGNORED:
                del self._watches[watch]
            if mask & ~IN_MODIFY:  # it was made, replaced or removed
                self._watch(path)

    def files(self) -> list[int]:
        """What becomes readable when `wait` would return, for an event loop."""
        return [fd for fd in (self._fd, self._read_end) if fd >= 0]

    @property
    def is_blind(self) -> bool:
        """Whether the kernel does not tell of every file."""
        return self._fd < 0 or self._is_blind

    def close(self) -> None:
        """End it; nobody may wait any more."""
        self._fd = self._read_end = self._write_end = -1
        self._close()


def _close_all(fds: tuple[int, ...]) -> None:
    for fd in fds:
        if fd >= 0:
            os.close(fd)
