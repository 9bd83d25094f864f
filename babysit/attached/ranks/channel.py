"""How the first rank tells the others what happens at a boundary.

A connection of its own to each, not a collective of the process group: nobody waits in a collective
during a pause, so that the group's timeout does not matter, and it outlives the group.
"""

from __future__ import annotations

import enum
import hmac
import select
import socket
import struct
from dataclasses import dataclass, field

HEADER = struct.Struct(">BQ")  # kind and length of what follows
JOIN_WITHIN_S = 120.0
LEFT_WITHIN_S = 5.0  # the others fail when the first fails, a little later


class Kind(enum.IntEnum):
    """What a message asks for, or answers."""

    GO = 1  # make the next turn
    END = 2  # the loops end here
    APPLY = 3  # make this change
    SAVE = 4  # send what your state has of its own
    STATE = 5  # that
    EVALUATE = 6  # call the script's function
    LIMIT = 7  # the step the run now ends after
    OVER = 8  # the script is at its end
    FAILED = 9  # it ended by an error, in words


class RankLost(Exception):
    """Another process of this training is not there any more."""


@dataclass(slots=True)
class Connection:
    """Messages to one other process and back."""

    sock: socket.socket
    rank: int

    def send(self, kind: Kind, body: bytes = b"") -> None:
        try:
            self.sock.sendall(HEADER.pack(kind, len(body)) + body)
        except OSError as error:
            raise RankLost(f"Rank {self.rank} is gone: {error}.") from error

    def receive(self) -> tuple[Kind, bytes]:
        kind, length = HEADER.unpack(self._exactly(HEADER.size))
        return Kind(kind), self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        found = bytearray()
        while len(found) < count:
            try:
                part = self.sock.recv(min(count - len(found), 1 << 20))
            except OSError as error:
                raise RankLost(f"Rank {self.rank} is gone: {error}.") from error
            if not part:
                raise RankLost(f"Rank {self.rank} is gone.")
            found += part
        return bytes(found)


@dataclass(slots=True)
class Leader:
    """The first rank's side."""

    others: list[Connection] = field(default_factory=list)
    is_closed: bool = False

    def tell(self, kind: Kind, body: bytes = b"") -> None:
        if self.is_closed:
            raise RankLost("The ranks have parted.")
        for other in self.others:
            other.send(kind, body)

    def ask(self, kind: Kind, body: bytes) -> dict[int, bytes]:
        """What each of the others answers."""
        self.tell(kind, body)
        return {other.rank: other.receive()[1] for other in self.others}

    def lost(self, within_s: float = 0.0) -> str | None:
        """Which rank ended without a word, or with what error; None: all are there."""
        for other in self.others:
            ready, _, _ = select.select([other.sock], [], [], within_s)
            if not ready:
                continue
            try:
                kind, body = other.receive()
            except RankLost as error:
                return str(error)
            if kind is Kind.FAILED:
                return f"Rank {other.rank} failed: {body.decode(errors='replace')}"
        return None

    def close(self) -> None:
        self.is_closed = True
        for other in self.others:
            other.sock.close()


def listen(host: str) -> socket.socket:
    """Where the others can come to."""
    server = socket.create_server((host, 0))
    server.settimeout(JOIN_WITHIN_S)
    return server


def gather_others(server: socket.socket, secret: bytes, count: int) -> Leader:
    """Wait until all others are there; whoever does not know the secret is sent away.

    Raises:
        OSError: they do not come.
    """
    leader = Leader()
    with server:
        while len(leader.others) < count:
            sock, _ = server.accept()
            sock.settimeout(JOIN_WITHIN_S)
            other = Connection(sock, 0)
            try:
                said = other._exactly(len(secret) + 4)
            except RankLost:
                continue
            if not hmac.compare_digest(said[:-4], secret):
                sock.close()
                continue
            other.rank = int.from_bytes(said[-4:], "big")
            _prepare(sock)
            leader.others.append(other)
    leader.others.sort(key=lambda other: other.rank)
    return leader


def join_leader(address: tuple[str, int], secret: bytes, rank: int) -> Connection:
    """Go to the first rank.

    Raises:
        OSError: it cannot be reached.
    """
    sock = socket.create_connection(address, timeout=JOIN_WITHIN_S)
    sock.sendall(secret + rank.to_bytes(4, "big"))
    _prepare(sock)
    return Connection(sock, 0)


def _prepare(sock: socket.socket) -> None:
    sock.settimeout(None)  # a pause may be long
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
