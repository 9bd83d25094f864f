"""A connection between a worker and its server that can be cut and mended."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

PIECE_BYTES = 65_536
LOOK_EVERY_S = 0.05

Result = TypeVar("Result")


class Cable:
    """Leads from a port of its own to another one. While it is cut, nothing passes."""

    def __init__(self, upstream: int) -> None:
        self._upstream = ("127.0.0.1", upstream)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(LOOK_EVERY_S)
        self._open: set[socket.socket] = set()
        self._is_cut, self._is_closed = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def cut(self) -> None:
        self._is_cut.set()
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def stay_cut(self, seconds: float, look: Callable[[], Result]) -> Result:
        """Wait: how long it is cut is what is tested. What there is to see then; it is mended."""
        time.sleep(seconds)
        seen = look()
        self.mend()
        return seen

    def mend(self) -> None:
        self._is_cut.clear()

    def close(self) -> None:
        self._is_closed.set()
        self.cut()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._is_closed.is_set():
            try:
                one, _ = self._listener.accept()
            except TimeoutError:
                continue
            try:
                if self._is_cut.is_set():
                    raise ConnectionRefusedError
                other = socket.create_connection(self._upstream)
            except OSError:
                one.close()
                continue
            self._open |= {one, other}
            for ends in ((one, other), (other, one)):
                self._threads.append(threading.Thread(target=self._copy, args=ends, daemon=True))
                self._threads[-1].start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE_BYTES):
                target.sendall(piece)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        source.close()
        self._open.discard(source)


@contextmanager
def cable(upstream: int) -> Iterator[Cable]:
    made = Cable(upstream)
    try:
        yield made
    finally:
        made.close()
