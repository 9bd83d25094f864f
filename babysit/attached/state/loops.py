"""The loops of a script, and the place between two turns of them.

A place is (top, epoch, inner, index): the how manyth loop of the script, the epoch in it, the how
manyth loop inside that epoch, the turns made in this one. The state of a training is taken, and
put back, at one and the same point of the program: where a loop asks for its next batch. Code that
runs before this point, such as that at the start of an epoch, runs again in a resumed process; what
it did is overwritten.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(slots=True)
class Place:
    """Where the script is; all zero before its first loop."""

    top: int = 0
    epoch: int = 0
    inner: int = 0
    index: int = 0

    def to_json(self) -> dict[str, int]:
        return asdict(self)

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Place:
        return cls(*(int(body[name]) for name in ("top", "epoch", "inner", "index")))


class LoopPlaces:
    """Where the script is, and where it has to go on.

    target: the place of the checkpoint that is still to be reached; None: it is reached.
    epochs: of the loop in progress; None outside of one.
    length: turns of the loop in progress, if that is known.
    """

    def __init__(self, target: Place | None = None) -> None:
        self.now = Place()
        self.target = target
        self.epochs: int | None = None
        self.length: int | None = None

    def begin_epochs(self, count: int) -> int | None:
        """A loop over epochs begins. Returns: its first epoch; None: it was over before."""
        self.now = Place(top=self.now.top + 1)
        self.epochs = count
        if self.target is None or self.target.top < self.now.top:
            return 0
        return self.target.epoch if self.target.top == self.now.top else None

    def begin_epoch(self, epoch: int) -> None:
        self.now.epoch, self.now.inner, self.now.index = epoch, 0, 0

    def end_epochs(self) -> None:
        self.epochs = None

    def begin_turns(self) -> int | None:
        """A loop of turns begins. Returns: the turn it begins with; None: it was over before."""
        if self.epochs is not None:
            self.now.inner += 1
        else:
            self.now = Place(top=self.now.top + 1, inner=1)
        self.now.index = 0
        target = self.target
        if target is None:
            return 0
        here, there = self._key(self.now), self._key(target)
        if here < there:
            return None
        return target.index if here == there else 0

    def is_between_epochs(self) -> bool:
        """Whether a loop inside an epoch is over, and another epoch follows: the state is taken
        there. Code after the loop may use what its last turn left, as in `print(loss)`.
        """
        if self.epochs is None or self.length is None:
            return False
        is_over = 0 < self.length <= self.now.index
        return is_over and self.now.epoch + 1 < self.epochs

    @staticmethod
    def _key(place: Place) -> tuple[int, int, int]:
        return place.top, place.epoch, place.inner
