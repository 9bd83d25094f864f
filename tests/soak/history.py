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
        self.spec: list[Asked] = []
        self._lock = threading.Lock()

    def invoke(self, kind: str, path: str, body: dict[str, Any], key: str) -> Asked:
        spec = Asked(key, kind, path, body)
        with self._lock:
            self.spec.append(spec)
        return spec

    def count(self, kind: str | None = None, outcome: Outcome | None = None) -> int:
        return sum(
            (kind is None or spec.kind == kind) and (outcome is None or spec.outcome == outcome)
            for spec in self.spec
        )

    def write(self, path: Path) -> None:
        path.write_text("\n".join(json.dumps(asdict(spec)) for spec in self.spec))
