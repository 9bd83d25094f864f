"""The run that `babysit.attach` returns: loops whose every turn can be steered and repeated."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from torch import Tensor

from babysit.attached.recording import Recording
from babysit.attached.state.data_order import (
    CountSource,
    ShuffledSource,
    has_an_order,
    ordered_source,
    source_of,
)
from babysit.attached.state.kept import Namespace
from babysit.attached.state.seeding import derived_seed
from babysit.attached.state.streams import Source

Item = TypeVar("Item")
Function = TypeVar("Function", bound=Callable[..., Any])


class Run:
    """A training that Babysit watches and steers.

    Nothing of it raises into the script: if it cannot record any more, it says so once, and the
    loops go on as plain loops.
    """

    _ordered_source = staticmethod(ordered_source)

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    @property
    def step(self) -> int:
        """Turns of the loop that are done."""
        return self._recording.step

    @property
    def is_new(self) -> bool:
        """Whether the training begins here: neither continued nor forked."""
        return self._recording.is_new

    @property
    def id(self) -> int | None:
        """The number of the run on the page; None if it is not recorded."""
        return self._recording.run_id

    # -- loops

    def epochs(self, count: int) -> Iterator[int]:
        """As `range(count)`: the numbers of the epochs, from the one that is to be continued."""
        recording = self._recording
        if recording.is_inside() or recording.is_in_epochs:
            yield from range(count)
            return
        first = recording.begin_epochs(count)
        epoch = count if first is None else first
        try:
            while epoch < recording.epochs_end(count):
                recording.begin_epoch(epoch, count)
                yield epoch
                if recording.is_ending:
                    break
                epoch += 1
        finally:
            recording.end_epochs()

    def batches(self, loader: Iterable[Item], steps: int | None = None) -> Iterator[Item]:
        """The batches of a `DataLoader` or of any other iterable, each a turn of the loop.

        steps: so many of them, over as many passes as it takes; for streams without an end.
        """
        recording = self._recording
        epoch = recording.epoch
        more = recording.has_more_turns
        return self._turns(
            lambda seed: source_of(
                loader, seed, epoch, steps, has_more=more, ordered=self._ordered_source
            ),
            data=loader if has_an_order(loader) else None,
        )

    def steps(self, count: int) -> Iterator[int]:
        """As `range(count)`, each number a turn: for loops that make their own batches."""
        return self._turns(lambda seed: CountSource(count, self._recording.has_more_turns))

    def shuffled(self, count: int, batch_size: int, *, drop_last: bool = False) -> Iterator[Tensor]:
        """Index tensors of shuffled mini-batches of `count` examples, int64, on the CPU."""
        return self._turns(
            lambda seed: ShuffledSource(count, batch_size, seed, drop_last=drop_last)
        )

    def enumerate(self, loop: Iterable[Item], start: int = 0) -> Iterator[tuple[int, Item]]:
        """As `enumerate` of one of these loops: in a continued run it goes on counting."""
        recording = self._recording
        number = 0 if recording.is_in_turn else None
        for item in loop:
            number = recording.number if number is None else number
            yield start + number, item
            number += 1

    def endless(self, loader: Iterable[Item]) -> Iterator[Item]:
        """Batches for `next`, beside those of the loop: over the loader again and again. Its place
        is a part of every checkpoint.
        """
        recording, ordered = self._recording, self._ordered_source
        return recording.endless(
            lambda seed, number: source_of(loader, seed, number, ordered=ordered), loader
        )

    def _turns(self, make: Callable[[int], Source], data: Any = None) -> Iterator[Any]:
        recording = self._recording
        if recording.is_inside():
            yield from make(recording.seed_inside()).begin(0)
            return
        index = recording.begin_turns()
        recording.note_data(data)
        if index is None:
            return
        source = make(derived_seed(recording.seed, *recording.place_of_order))
        iterator = recording.begin_source(source, index)
        while recording.boundary(sys._getframe(1)):
            try:
                item = next(iterator)
            except StopIteration:
                break
            recording.begin_turn()
            try:
                yield item
            except GeneratorExit:
                recording.leave_turn(sys._getframe(0).f_back)
                raise
            recording.end_turn()

    # -- what the script says

    def log(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> None:
        """Record numbers of this turn: `loss` becomes the series `train/loss`, and a name with a
        slash, as in `run.log({"val/loss": x})`, stays as it is.
        """
        self._recording.log({**values, **named} if values else named)

    def keep(self, **values: Any) -> Namespace:
        """Values that the loop carries from turn to turn; they are part of every checkpoint."""
        return self._recording.keep(values)

    def evaluate(self, function: Function) -> Function:
        """Decorator: a function without arguments that measures, for *Evaluate* and pauses.

        It returns a number, or numbers by name; they become series `val/<name>`.
        """
        self._recording.set_evaluation(function)
        return function

    def attach(self, **parts: Any) -> None:
        """Attach further parts, such as an optimizer that is made only later."""
        self._recording.add_parts(parts)

    def finish(self) -> None:
        """Say that the training is over; else it is when the script ends."""
        self._recording.finish()
