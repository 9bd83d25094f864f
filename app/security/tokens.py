"""The two tokens: the owner may make changes, a viewer may only read."""

from __future__ import annotations

import hmac
import logging
import secrets
import threading
import time
from collections import deque
from pathlib import Path

from babysit.storage.atomic import PRIVATE, write_atomic
from babysit.storage.server_file import TOKEN_FILE

from ..errors import TooManyRequests
from ..limits import TOKEN_CHARACTERS_MIN, WRONG_TOKENS_A_SECOND_MAX

OWNER, VIEWER = "owner", "viewer"
FILES = {OWNER: TOKEN_FILE, VIEWER: "viewer-token"}
DIFFERENT_CHARACTERS_MIN = 8
WINDOW_S = 1.0

log = logging.getLogger(__name__)


def is_strong(token: str) -> bool:
    """Whether a token is too long to be guessed."""
    return len(token) >= TOKEN_CHARACTERS_MIN and len(set(token)) >= DIFFERENT_CHARACTERS_MIN


def read_token(data_dir: Path, role: str) -> str | None:
    """The token in the file of a role; None if the file is missing or holds no strong token."""
    try:
        token = (data_dir / FILES[role]).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return token if is_strong(token) else None


def kept_token(data_dir: Path, role: str = OWNER) -> str:
    """The token of a data directory; created if it is missing."""
    return read_token(data_dir, role) or new_token(data_dir, role)


def new_token(data_dir: Path, role: str) -> str:
    """Write a new token of 32 random bytes, atomically, readable by this account only."""
    token = secrets.token_urlsafe(32)
    write_atomic(data_dir / FILES[role], token + "\n", mode=PRIVATE)
    return token


class Tokens:
    """The valid tokens, and a limit on guesses. Thread-safe."""

    def __init__(self, data_dir: Path, given: str | None) -> None:
        self._data_dir = data_dir
        self._given = given  # from the settings; takes precedence over the file
        self._lock = threading.Lock()
        self._wrong_at_s: deque[float] = deque()
        self._tokens = {OWNER: given or kept_token(data_dir), VIEWER: kept_token(data_dir, VIEWER)}

    def of(self, role: str) -> str:
        with self._lock:
            return self._tokens[role]

    def files(self) -> list[Path]:
        return [self._data_dir / name for name in FILES.values()]

    def look(self) -> bool:
        """Read the files again; whether a token has changed.

        A file that is missing or incomplete changes nothing.
        """
        tokens = {role: read_token(self._data_dir, role) for role in FILES}
        if self._given:
            tokens[OWNER] = self._given
        with self._lock:
            renewed = self._tokens | {role: token for role, token in tokens.items() if token}
            changed, self._tokens = renewed != self._tokens, renewed
        return changed

    def role_of(self, token: bytes, client: str) -> str | None:
        """The role of a token, matches in constant time; None if it is not valid.

        While the limit on guesses is reached, tokens that could be guessed are not matches.

        Raises:
            TooManyRequests: there were too many wrong tokens within the last second.
        """
        now_s = time.monotonic()
        with self._lock:
            while self._wrong_at_s and self._wrong_at_s[0] <= now_s - WINDOW_S:
                self._wrong_at_s.popleft()
            is_limited = len(self._wrong_at_s) >= WRONG_TOKENS_A_SECOND_MAX
            matches = {
                role: hmac.compare_digest(token, right.encode())
                for role, right in self._tokens.items()
                if not is_limited or is_strong(right)
            }
            role = next((role for role, is_equal in matches.items() if is_equal), None)
            if role is None and not is_limited:
                self._wrong_at_s.append(now_s)
                if len(self._wrong_at_s) == WRONG_TOKENS_A_SECOND_MAX:
                    log.warning("many wrong tokens within a second, the last from %s", client)
        if role is None and is_limited:
            raise TooManyRequests("Too many wrong tokens. Try again in a second.")
        return role
