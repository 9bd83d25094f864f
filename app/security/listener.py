"""The listening socket, which leaves the process enough open files for its own work."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import socket
import time
from collections.abc import Callable

FILES_WANTED = 65_536  # open at once; what the machine allows below that is used
FILES_RESERVED = (32, 256)  # at least and at most: for journals, the database and answers
REST_S = 0.01  # when not even a connection can be refused
TRIED_AGAIN = (errno.EMFILE, errno.ENFILE)
TCP_USER_TIMEOUT_MS = 60_000  # without an acknowledgement: the machine of the client is gone


def raise_file_limit() -> None:
    """Allow this process as many open files as the machine does, up to what is of use."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, FILES_WANTED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def connection_files() -> int:
    """How many files may be open when a connection is accepted."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        soft = FILES_WANTED
    least, most = FILES_RESERVED
    return max(0, soft - max(least, min(most, soft // 4)))


class Listener(socket.socket):
    """Accepts while there are files left.

    A new file gets the lowest free number, which says how many files are open at least, whoever
    opened them. Beyond the limit the connection that has waited longest without a request makes
    room; if there is none, the new one is closed.
    """

    make_room: Callable[[], bool] | None = None  # ends the oldest idle connection; False: none
    _spare: int | None = None  # a file that is closed to refuse a connection

    def accept(self) -> tuple[socket.socket, object]:
        """As `socket.accept`.

        Raises:
            BlockingIOError: nobody waits, or has to wait until another connection is closed, or was
                refused; asyncio asks again.
        """
        if self._spare is None:
            with contextlib.suppress(OSError):
                self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if self._lowest_free() >= connection_files():
                if self.make_room is None or not self.make_room():
                    super().accept()[0].close()
                raise BlockingIOError
            return super().accept()
        except OSError as error:
            if error.errno not in TRIED_AGAIN:
                raise
            self._refuse()
            raise BlockingIOError from error

    def _lowest_free(self) -> int:
        """The number that the next file gets."""
        copy = os.dup(self.fileno())
        os.close(copy)
        return copy

    def close(self) -> None:
        super().close()
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None

    def _refuse(self) -> None:
        """No file is left: close the spare one, and with it take a connection from the queue."""
        if self._spare is None:
            time.sleep(REST_S)
            return
        os.close(self._spare)
        self._spare = None
        with contextlib.suppress(OSError):
            super().accept()[0].close()


def listen(host: str, port: int, backlog: int) -> Listener:
    """A socket that listens.

    Raises:
        OSError: the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = Listener(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted connections inherit both.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TCP_USER_TIMEOUT_MS)
        listener.bind((host, port))
        listener.listen(backlog)
    except BaseException:
        listener.close()
        raise
    return listener
