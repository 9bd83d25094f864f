"""Signed-in browsers. A session is a random cookie whose hash is kept here."""

from __future__ import annotations

import hashlib
import logging
import secrets
import threading
from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError

from ..limits import SESSIONS_MAX
from ..security.tokens import FILES, Tokens
from .store import Store
from .tables.runs import SessionRow

log = logging.getLogger(__name__)

SESSION_S_MAX = 30 * 24 * 3600.0


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


class Known(NamedTuple):
    """What is known of a session. made_at_s: of the store's steady clock."""

    role: str
    made_at_s: float
    token_sha256: str


class Sessions:
    """The sessions of this server, in memory as well: every request asks for one."""

    def __init__(self, store: Store, tokens: Tokens) -> None:
        self._store = store
        self._tokens = tokens
        self._lock = threading.Lock()
        self._known: dict[str, Known] = {}
        self._valid: frozenset[str] = frozenset()  # hashes of the tokens in force
        try:
            self.keep_valid()
        except DBAPIError as error:  # on a full disk: they are not valid all the same
            log.warning("old sessions cannot be removed: %s", error.orig)
        with store.reading() as session:
            self._known = {
                row.cookie_sha256: Known(row.role, row.created_at_s, row.token_sha256)
                for row in session.scalars(select(SessionRow))
            }

    def keep_valid(self) -> None:
        """End the sessions of tokens that are no longer in force; so does age."""
        valid = frozenset(sha256(self._tokens.of(role)) for role in FILES)
        with self._lock:
            self._valid = valid
        with self._store.writing() as tx:
            tx.session.execute(
                delete(SessionRow).where(
                    SessionRow.token_sha256.not_in(valid)
                    | (SessionRow.created_at_s < self._store.clock.now_s() - SESSION_S_MAX)
                )
            )

    def sign_in(self, role: str, token: str) -> str:
        """A new session by a token of this role; the value of its cookie.

        The oldest of the role ends where there are too many.
        """
        cookie = secrets.token_urlsafe(32)
        known = Known(role, self._store.clock.now_s(), sha256(token))
        surplus = self._surplus(role)
        with self._store.writing() as tx:
            tx.session.execute(delete(SessionRow).where(SessionRow.cookie_sha256.in_(surplus)))
            tx.session.add(
                SessionRow(
                    cookie_sha256=sha256(cookie),
                    token_sha256=known.token_sha256,
                    role=role,
                    created_at_s=known.made_at_s,
                )
            )
        with self._lock:
            self._known[sha256(cookie)] = known
            for old in surplus:
                self._known.pop(old, None)
        return cookie

    def _surplus(self, role: str) -> list[str]:
        """The sessions of a role that must end before it gets one more."""
        with self._lock:
            own = [cookie for cookie, known in self._known.items() if known.role == role]
            own.sort(key=lambda cookie: self._known[cookie].made_at_s)
        return own[: max(0, len(own) + 1 - SESSIONS_MAX)]

    def sign_out(self, cookie: str) -> None:
        with self._store.writing() as tx:
            tx.session.execute(delete(SessionRow).where(SessionRow.cookie_sha256 == sha256(cookie)))
        with self._lock:
            self._known.pop(sha256(cookie), None)

    def role(self, cookie: str) -> str | None:
        """The role of a session cookie; None when it is not valid."""
        with self._lock:
            known = self._known.get(sha256(cookie))
            valid = known is not None and known.token_sha256 in self._valid
        if known is None or not valid:
            return None
        if self._store.clock.now_s() - known.made_at_s >= SESSION_S_MAX:
            return None
        return known.role
