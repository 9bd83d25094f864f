"""The two tokens: the owner's, who may steer, and the viewers', who may watch."""

from __future__ import annotations

import hmac
import logging
import secrets
import threading
import time
from collections import deque
from pathlib import Path

from babysit.storage.atomic import PRIVATE, write_atomic

from ..errors import TooManyRequests
from ..limits import TOKEN_CHARACTERS_MIN, WRONG_TOKENS_A_SECOND_MAX

OWNER, VIEWER = "owner", "viewer"
FILES = {OWNER: "token", VIEWER: "viewer-token"}
DIFFERENT_CHARACTERS_MIN = 8
WINDOW_S = 1.0

log = logging.getLogger(__name__)


def is_strong(token: str) -> bool:
    """Whether nobody guesses it, as far as one can tell from its length."""
    return len(token) >= TOKEN_CHARACTERS_MIN and len(set(token)) >= DIFFERENT_CHARACTERS_MIN


def read_token(data_dir: Path, role: str) -> str | None:
    """What the file of a role holds; None when that is no token, or there is no file."""
    try:
        token = (data_dir / FILES[role]).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return token if is_strong(token) else None


def kept_token(data_dir: Path, role: str = OWNER) -> str:
    """The token of a data directory, made when there is none yet."""
    return read_token(data_dir, role) or new_token(data_dir, role)


def new_token(data_dir: Path, role: str) -> str:
    """A token of 32 random bytes in its file, there whole or not at all, for its owner only."""
    token = secrets.token_urlsafe(32)
    write_atomic(data_dir / FILES[role], token + "\n", mode=PRIVATE)
    return token


class Tokens:
    """The tokens in force, and whoever guesses at them. Safe for threads."""

    def __init__(self, data_dir: Path, given: str | None) -> None:
        self._data_dir = data_dir
        self._given = given  # from outside: no file says otherwise
        self._lock = threading.Lock()
        self._wrong_at_s: deque[float] = deque()
        self._tokens = {OWNER: given or kept_token(data_dir), VIEWER: kept_token(data_dir, VIEWER)}

    def of(self, role: str) -> str:
        with self._lock:
            return self._tokens[role]

    def look(self) -> bool:
        """Take over what the files say now; whether that is something new.

        A file that is gone, or is just being written, changes nothing.
        """
        found = {role: read_token(self._data_dir, role) for role in FILES}
        if self._given:
            found[OWNER] = self._given
        with self._lock:
            renewed = self._tokens | {role: token for role, token in found.items() if token}
            changed, self._tokens = renewed != self._tokens, renewed
        return changed

    def role_of(self, token: bytes, client: str) -> str | None:
        """Whose token this is, found out in the same time for every wrong one; None: nobody's.

        While guesses pour in, a token that can be guessed is not even compared.

        Raises:
            TooMany: there were too many wrong ones within the last second, from wherever.
        """
        now_s = time.monotonic()
        with self._lock:
            while self._wrong_at_s and self._wrong_at_s[0] <= now_s - WINDOW_S:
                self._wrong_at_s.popleft()
            pouring = len(self._wrong_at_s) >= WRONG_TOKENS_A_SECOND_MAX
            compared = {
                role: hmac.compare_digest(token, right.encode())
                for role, right in self._tokens.items()
                if not pouring or is_strong(right)
            }
            role = next((role for role, right in compared.items() if right), None)
            if role is None and not pouring:
                self._wrong_at_s.append(now_s)
                if len(self._wrong_at_s) == WRONG_TOKENS_A_SECOND_MAX:
                    log.warning("many wrong tokens within a second, the last from %s", client)
        if role is None and pouring:
            raise TooManyRequests("There were too many wrong tokens. Try again in a second.")
        return role
