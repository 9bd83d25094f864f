"""The command that starts workers elsewhere, and what it is told."""

from __future__ import annotations

import hashlib
import json
import re
import shlex

PLACEHOLDER = re.compile(r"\{(run|attempt|url|python)\}")
TOKEN = re.compile(r"[\w-]{43}", re.ASCII)  # the form of a worker's token
URL_VARIABLE, TOKEN_VARIABLE = "BABYSIT_WORKER_URL", "BABYSIT_WORKER_TOKEN"
REASON_CHARACTERS_MAX = 500


class CommandTemplate:
    """A command line with placeholders. Each is put into one argument; no shell reads them."""

    def __init__(self, text: str) -> None:
        """Raises: ValueError: a quote is not closed, or there is no command."""
        self._words = shlex.split(text)
        if not self._words:
            raise ValueError("names no command")

    def arguments(self, **values: object) -> list[str]:
        """The command for one attempt."""
        return [PLACEHOLDER.sub(lambda found: str(values[found[1]]), word) for word in self._words]


def told(url: str, run_id: int, attempt: int, token: str) -> tuple[bytes, dict[str, str]]:
    """What the worker needs, for its standard input and for its environment."""
    line = {"url": url, "run": run_id, "attempt": attempt, "token": token}
    variables = {
        URL_VARIABLE: url,
        "BABYSIT_WORKER_RUN": str(run_id),
        "BABYSIT_WORKER_ATTEMPT": str(attempt),
        TOKEN_VARIABLE: token,
    }
    return json.dumps(line).encode() + b"\n", variables


def without_token(text: str, token_sha256: str) -> str:
    """A text in which the token that has this hash is not readable."""

    def hide(found: re.Match[str]) -> str:
        is_token = hashlib.sha256(found[0].encode()).hexdigest() == token_sha256
        return "(token)" if is_token else found[0]

    return TOKEN.sub(hide, text)


def last_words(output: bytes, token_sha256: str) -> str:
    """The end of what a command printed, for a sentence that says why it failed."""
    text = without_token(output.decode(errors="replace"), token_sha256)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[-3:])[-REASON_CHARACTERS_MAX:]
