"""The HTTP server of `babysit serve`: uvicorn's, without a timer of its own."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from email.utils import formatdate
from types import FrameType

import uvicorn
from uvicorn.server import ServerState

from ..main import Application
from ..security.tokens import OWNER

DESCRIBED_WITHIN_S = 20.0  # then the address is printed even if tasks are not described yet


class DatedState(ServerState):
    """Gives each response the current date; uvicorn sets it anew ten times in every second."""

    def __init__(self) -> None:
        self._second = 0
        self._headers: list[tuple[bytes, bytes]] = []
        super().__init__()

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._headers = [(b"date", formatdate(second, usegmt=True).encode())]
        return self._headers

    @default_headers.setter
    def default_headers(self, headers: list[tuple[bytes, bytes]]) -> None:
        return  # those of uvicorn: its own date


class HTTPServer(uvicorn.Server):
    """Ends open streams on a signal instead of waiting for them.

    tell: says where the server is, given the owner's token, once it answers.
    """

    def __init__(
        self, config: uvicorn.Config, application: Application, *, tell: Callable[[str], None]
    ) -> None:
        super().__init__(config)
        self.server_state = DatedState()
        self._application = application
        self._tell = tell
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ends = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        application = self._application
        deadline_s = time.monotonic() + DESCRIBED_WITHIN_S
        while not (application.catalog.is_ready or self.should_exit):
            if time.monotonic() > deadline_s:
                break
            await asyncio.sleep(0.02)
        if self.started and not self.should_exit:
            self._tell(application.tokens.of(OWNER))

    async def main_loop(self) -> None:
        """Wait for a signal; the base class looks for one ten times a second."""
        if not self.should_exit:
            await self._ends.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._application.broker.close_soon()
        super().handle_exit(sig, frame)
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ends.set)
