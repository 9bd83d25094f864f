"""The result of a commit, as it is published to open streams and waiting requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from babysit.storage.journal import Points

Json: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class Committed:
    """The news of one transaction.

    events: event JSON, ids ascending.
    points: (run id, block), in the order read.
    runs: run JSON as of the commit, by run id.
    searches: ids of the searches that changed, or a trial of theirs.
    """

    events: list[Json] = field(default_factory=list)
    points: list[tuple[int, Points]] = field(default_factory=list)
    runs: dict[int, Json] = field(default_factory=dict)
    searches: set[int] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.events or self.points or self.runs or self.searches)


# Called after each commit, from whatever thread committed, one call at a time, in commit order.
Publish: TypeAlias = Callable[[Committed], None]
