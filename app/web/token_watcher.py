"""Follows the files of the tokens: when one is new, what the old one had opened is closed."""

from __future__ import annotations

import asyncio
import logging

from ..security.tokens import Tokens
from ..store.sessions import Sessions
from .broker import EventBroker

LOOK_EVERY_S = 1.0

log = logging.getLogger(__name__)


async def follow_tokens(tokens: Tokens, sessions: Sessions, broker: EventBroker) -> None:
    """Look until cancelled."""
    ends_again = False
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        changed = await asyncio.to_thread(tokens.look)
        # Once more at the next look: a stream may have been on its way in just then.
        if changed or ends_again:
            try:
                await asyncio.to_thread(sessions.keep_valid)
            except Exception:
                log.exception("sessions of an old token are still in the database; they are ended")
            broker.end_streams()
        ends_again = changed
