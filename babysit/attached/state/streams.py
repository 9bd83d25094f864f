"""Batches that come in an order of their own, and sources of batches in general."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

from babysit.attached.state.generators import generators_in, seed_generator
from babysit.attached.state.seeding import StreamGenerators, derived_seed


class Source(ABC):
    """The batches of one loop. problem: why it may differ when it is continued."""

    problem: str | None = None
    length: int | None = None  # batches of a whole loop, if that is known
    digest: str = ""  # of the order
    is_stream: bool = False  # begun again and passed over: no digest tells its order
    extends: bool = False  # it gives more than was asked for, if the run is extended

    @abstractmethod
    def begin(self, index: int) -> Iterator[Any]:
        """From batch `index` on."""

    def state(self) -> Any:
        """What else is needed to continue here; JSON."""
        return None


class StreamSource(Source):
    """Any other iterable. It is begun again, with the same random numbers, and passed over what was
    used.
    """

    def __init__(
        self,
        stream: Any,
        seed: int,
        steps: int | None = None,
        has_more: Callable[[], bool] = lambda: False,
    ) -> None:
        """steps: so many at most; None: all. has_more: whether it goes on after them."""
        self._stream, self._seed, self._steps, self._has_more = stream, seed, steps, has_more
        self.extends, self.is_stream = steps is not None, True
        self._generators = StreamGenerators(seed)
        self.length = steps if steps is not None else length_of(stream)

    def begin(self, index: int) -> Iterator[Any]:
        for number, generator in enumerate(generators_in(self._stream).values()):
            seed_generator(generator, derived_seed(self._seed, number))
        with self._generators.active():
            iterator = iter(self._stream)
        return self._run(iterator, index)

    def _run(self, iterator: Iterator[Any], index: int) -> Iterator[Any]:
        passed = 0
        while self._steps is None or passed < self._steps or self._has_more():
            try:
                with self._generators.active():
                    item = next(iterator)
            except StopIteration:
                return
            passed += 1
            if passed > index:
                yield item


class EndlessSource(Source):
    """A stream of a given number of steps that outlasts its iterator: it is begun again."""

    def __init__(self, make: Any, steps: int, has_more: Callable[[], bool]) -> None:
        """make: pass number -> source. has_more: whether it goes on after the last step."""
        self._make, self._has_more = make, has_more
        self.extends = True
        self._steps = self.length = steps

    def _is_over(self, passed: int) -> bool:
        return passed >= self._steps and not self._has_more()

    def begin(self, index: int) -> Iterator[Any]:
        passed = 0  # over all passes so far
        for number in itertools.count():
            source = self._make(number)
            known = source.length
            if known is not None and 0 < known <= index - passed:
                passed += known
                continue
            skipped = index - passed if known is not None and index > passed else 0
            at_start = passed = passed + skipped
            for item in source.begin(skipped):
                if self._is_over(passed):
                    return
                passed += 1
                if passed > index:
                    yield item
            if passed == at_start or self._is_over(passed):
                return  # it gives nothing, or enough


def length_of(stream: Any) -> int | None:
    try:
        return len(stream)
    except (TypeError, NotImplementedError):
        return None
