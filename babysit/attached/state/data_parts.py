"""What the data of the loops carry: generators of data sets, and places of endless iterators.

They are parts of the training as long as the loop, or the epoch, that they belong to is in
progress: a process that continues later does not make them any more.
"""

from __future__ import annotations

from typing import Any

from babysit.attached.state.endless import Endless
from babysit.attached.state.generators import GeneratorPart, generators_in
from babysit.attached.state.parts import Parts, StatePart


class DataParts:
    """The parts among `parts` that come from the data."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._loops: dict[str, int] = {}  # name of a part -> loop of the script
        self._of_epoch: list[str] = []  # names
        self.endless = 0  # that there are

    def set_loop(self, data: Any, top: int, inner: int) -> None:
        """A loop begins. data: the loader that it goes over, if any. top, inner: which loop."""
        by_name = self._parts.by_name
        for name, loop in list(self._loops.items()):
            if loop != top or name.startswith(f"data.{inner}."):
                del self._loops[name], by_name[name]
        self._loops |= dict.fromkeys(self._add_generators(f"data.{inner}", data), top)

    def add_endless(self, made: Endless, data: Any, *, is_in_epoch: bool) -> None:
        """An endless iterator was made. data: the loader that it goes over."""
        name = self._parts.free_name("endless", "endless")
        self._parts.by_name[name] = StatePart(name, made)
        names = [name, *self._add_generators(name, data)]
        self.endless += 1
        if is_in_epoch:
            self._of_epoch += names

    def begin_epoch(self) -> None:
        """What the script made in the epoch before is gone."""
        for name in self._of_epoch:
            self.endless -= isinstance(self._parts.by_name.pop(name).value, Endless)
        self._of_epoch.clear()

    def _add_generators(self, prefix: str, data: Any) -> list[str]:
        """Returns: names of the parts that are new."""
        by_name = self._parts.by_name
        known = {id(part.value) for part in by_name.values()}
        holders = [getattr(data, name, None) for name in ("dataset", "collate_fn")]
        found = {f"{prefix}.{path}": item for path, item in generators_in(*holders).items()}
        new = [name for name in found if id(found[name]) not in known and name not in by_name]
        by_name |= {name: GeneratorPart(name, found[name]) for name in new}
        return new
