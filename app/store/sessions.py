"""Signed-in browsers. A session is a random cookie whose hash is kept here."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time

from sqlalchemy import delete, select

from app.store.store import Store
from app.store.tables import SessionRow

SESSION_S_MAX = 30 * 24 * 3600.0


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


class Sessions:
    """The sessions of this server, in memory as well: every request asks for one."""

    def __init__(self, store: Store, token: str) -> None:
        self._store = store
        self._token_sha256 = sha256(token)
        self._lock = threading.Lock()
        with store.writing() as write:
            # Another token ends all sessions; so does age.
            write.session.execute(
                delete(SessionRow).where(
                    (SessionRow.token_sha256 != self._token_sha256)
                    | (SessionRow.created_at_s < time.time() - SESSION_S_MAX)
                )
            )
            self._known = {
                row.cookie_sha256: (row.role, row.created_at_s)
                for row in write.session.scalars(select(SessionRow))
            }

    def sign_in(self, role: str = "owner") -> str:
        """A new session; the value of its cookie."""
        cookie = secrets.token_urlsafe(32)
        made_at_s = time.time()
        with self._store.writing() as write:
            write.session.add(
                SessionRow(
                    cookie_sha256=sha256(cookie),
                    token_sha256=self._token_sha256,
                    role=role,
                    created_at_s=made_at_s,
                )
            )
        with self._lock:
            self._known[sha256(cookie)] = (role, made_at_s)
        return cookie

    def sign_out(self, cookie: str) -> None:
        with self._store.writing() as write:
            write.session.execute(
                delete(SessionRow).where(SessionRow.cookie_sha256 == sha256(cookie))
            )
        with self._lock:
            self._known.pop(sha256(cookie), None)

    def role(self, cookie: str) -> str | None:
        """Who has this cookie; None when it is no session."""
        with self._lock:
            role, made_at_s = self._known.get(sha256(cookie), (None, 0.0))
        return role if time.time() - made_at_s < SESSION_S_MAX else None
