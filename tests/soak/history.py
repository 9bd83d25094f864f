"""What the people asked for and what they were told: invoked, then ok, failed or never known."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Outcome = Literal["invoked", "ok", "fail", "unknown"]


@dataclass
class Asked:
    """One request with its key, which is also the text by which its effect can be found.

    outcome: ok: an answer 2xx came; fail: 4xx came; unknown: no answer ever came.
    """

    key: str
    kind: str  # run, fork, command, note
    path: str
    body: dict[str, Any]
    outcome: Outcome = "invoked"
    status: int = 0
    answer: dict[str, Any] = field(default_factory=dict)
    sent: int = 0  # times


class History:
    """Everything that was asked, in the order of asking. Safe for threads."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._lock = threading.Lock()

    def invoke(self, kind: str, path: str, body: dict[str, Any], key: str) -> Asked:
        asked = Asked(key, kind, path, body)
        with self._lock:
            self.asked.append(asked)
        return asked

    def count(self, kind: str | None = None, outcome: Outcome | None = None) -> int:
        return sum(
            (kind is None or asked.kind == kind) and (outcome is None or asked.outcome == outcome)
            for asked in self.asked
        )

    def write(self, path: Path) -> None:
        path.write_text("\n".join(json.dumps(asdict(asked)) for asked in self.asked))
