"""Where the loops of a script are, and what they make on their way."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from babysit.attached.safety import never_raises
from babysit.attached.session import ScriptSession
from babysit.attached.state.endless import Endless
from babysit.attached.state.kept import Namespace
from babysit.attached.state.seeding import derived_seed
from babysit.attached.state.streams import Source
from babysit.attached.state.training import ScriptTraining


class Loops(ABC):
    """The part of a recording that knows the loops. seed: of the run."""

    training: ScriptTraining
    session: ScriptSession | None
    seed: int
    _in_turn: bool
    _inside: int

    @abstractmethod
    def give_up(self, error: BaseException) -> None:
        """Record nothing more."""

    @property
    def epoch(self) -> int:
        return self.training.places.now.epoch

    @property
    def is_in_epochs(self) -> bool:
        return self.training.places.epochs is not None

    @property
    def is_in_turn(self) -> bool:
        return self._in_turn

    @property
    def number(self) -> int:
        """Of the turn in its loop; between two turns, of the epoch."""
        place = self.training.places.now
        return place.index if self._in_turn else place.epoch

    @property
    def place_of_order(self) -> tuple[int, int, int]:
        place = self.training.places.now
        return place.top, place.epoch, place.inner

    def seed_inside(self) -> int:
        """The seed of a plain loop."""
        place = self.training.places.now
        return derived_seed(self.seed, *place.to_json().values(), self._inside)

    def begin_epochs(self, count: int) -> int | None:
        self.training.leave_epoch()
        return self.training.places.begin_epochs(count)

    def epochs_end(self, count: int) -> int:
        """The epoch before which the loop ends: more than asked for when the run was extended."""
        return sys.maxsize if self.is_extended() else count

    def is_extended(self) -> bool:
        """Whether more turns were asked for than the script's own loop makes."""
        limit = self.training.limit
        return self.session is not None and limit is not None and limit > self.training.step

    def has_more_turns(self) -> bool:
        """Whether a loop of so many turns, outside of epochs, goes on after its last one."""
        return self.is_extended() and not (self.is_in_epochs or self._in_turn)

    def begin_epoch(self, epoch: int, count: int) -> None:
        self.training.leave_epoch()
        self.training.places.begin_epoch(epoch)

    def end_epochs(self) -> None:
        self.training.places.end_epochs()

    def begin_turns(self) -> int | None:
        if not self.is_in_epochs:
            self.training.leave_epoch()
        return self.training.places.begin_turns()

    def endless(self, source: Callable[[int, int], Source], data: Any) -> Endless:
        """Batches for `next`. source: seed and number of the pass -> its source."""
        place, parts = self.training.places.now, self.training.data_parts
        seed = derived_seed(self.seed, -1, place.top, place.epoch, parts.endless)
        made = Endless(lambda number: source(derived_seed(seed, number), number))
        parts.add_endless(made, data, is_in_epoch=self.is_in_epochs)
        return made

    @never_raises
    def note_data(self, data: Any) -> None:
        """data: what the loop that begins goes over, if it has an order and a state of its own."""
        place = self.training.places.now
        self.training.data_parts.set_loop(data, place.top, place.inner)

    def keep(self, values: dict[str, Any]) -> Namespace:
        """Values that the loop carries."""
        return self.training.kept.add(values, is_in_epoch=self.is_in_epochs)
