"""Batches without an end, for `next`, whose place is a part of the training."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from babysit.attached.state.streams import EndlessSource, Source


class Endless:
    """An iterator over a loader, again and again, in another order each time."""

    def __init__(self, make: Callable[[int], Source]) -> None:
        """make: number of a pass -> source."""
        self._make, self._taken = make, 0
        self._iterator: Iterator[Any] | None = None

    def __iter__(self) -> Endless:
        return self

    def __next__(self) -> Any:
        if self._iterator is None:
            source = EndlessSource(self._make, sys.maxsize, lambda: False)
            self._iterator = source.begin(self._taken)
        item = next(self._iterator)
        self._taken += 1
        return item

    def state_dict(self) -> dict[str, Any]:
        return {"taken": self._taken}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._taken, self._iterator = int(state["taken"]), None
