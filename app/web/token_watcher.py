"""Watches the token files: when one changes, sessions and streams of the old token end."""

from __future__ import annotations

import asyncio
import logging

from ..security.tokens import Tokens
from ..store.sessions import Sessions
from .broker import EventBroker

LOOK_EVERY_S = 1.0

log = logging.getLogger(__name__)


async def follow_tokens(tokens: Tokens, sessions: Sessions, broker: EventBroker) -> None:
    """Watch until cancelled."""
    ends_again = False
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
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
