"""Watches the token files: when one changes, sessions and streams of the old token end."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from babysit.storage.file_watch import FileWatch

from ..security.tokens import Tokens
from ..store.sessions import Sessions
from .broker import EventBroker

LOOK_EVERY_S = 1.0  # where the kernel does not tell, and once more after a change
IDLE_S = 10.0  # in case a change was not told

log = logging.getLogger(__name__)


async def follow_tokens(tokens: Tokens, sessions: Sessions, broker: EventBroker) -> None:
    """Watch until cancelled."""
    loop, may_have_changed, watch = asyncio.get_running_loop(), asyncio.Event(), FileWatch()
    for path in tokens.files():
        watch.add(path)
    for file in watch.files():
        loop.add_reader(file, may_have_changed.set)
    ends_again = False
    try:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(
                    IDLE_S if not (ends_again or watch.is_blind) else LOOK_EVERY_S
                ):
                    await may_have_changed.wait()
            may_have_changed.clear()
            watch.clear()
            watch.refresh()
            changed = await asyncio.to_thread(tokens.look)
            # Once more in the next turn, as a stream may just have been opening.
            if changed or ends_again:
                try:
                    await asyncio.to_thread(sessions.keep_valid)
                except Exception:
                    log.exception(
                        "cannot remove the sessions of an old token; they are not valid any more"
                    )
                broker.end_streams()
            ends_again = changed
    finally:
        for file in watch.files():
            loop.remove_reader(file)
        watch.close()
