"""Values that a script's loop carries from one turn to the next: `own = run.keep(best=0.0)`."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from babysit.training.user_code.encoding import Encoder, NotEncodable, decode, put_in_place


class Namespace:
    """The kept values, as attributes."""

    def __init__(self, **values: Any) -> None:
        vars(self).update(values)

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"kept({inside})"


class Kept:
    """All namespaces of a script. Each value is JSON and tensors in a checkpoint."""

    def __init__(self) -> None:
        self.namespaces: list[Namespace] = []
        self._of_epoch: list[Namespace] = []  # made inside the epoch in progress
        self._waiting: dict[int, dict[str, Any]] = {}  # of namespaces that are not there yet

    def add(self, values: dict[str, Any], *, is_in_epoch: bool = False) -> Namespace:
        """A further namespace; in a resumed process it takes its values when they are put back.

        is_in_epoch: the script makes it anew in each epoch.
        """
        space = Namespace(**values)
        self.namespaces.append(space)
        if is_in_epoch:
            self._of_epoch.append(space)
        waiting = self._waiting.pop(len(self.namespaces) - 1, None)
        if waiting is not None:
            vars(space).update(waiting)
        return space

    def begin_epoch(self) -> None:
        """Keep those no longer that were made inside the epoch before."""
        self.namespaces = [item for item in self.namespaces if item not in self._of_epoch]
        self._of_epoch.clear()

    def names(self) -> set[str]:
        return {name for space in self.namespaces for name in vars(space)}

    def capture(self) -> tuple[list[dict[str, Any]], dict[str, Tensor], list[str]]:
        """JSON for each namespace, the tensors in it, and what cannot be kept, in words."""
        bodies: list[dict[str, Any]] = []
        tensors: dict[str, Tensor] = {}
        lost = []
        for number, space in enumerate(self.namespaces):
            body = {}
            for name, value in vars(space).items():
                encoder = Encoder()
                try:
                    body[name] = encoder.encode(_stateful(value), f"{number}.{name}")
                except NotEncodable as error:
                    lost.append(f"{name} of run.keep cannot be saved ({error})")
                    continue
                tensors |= encoder.tensors
            bodies.append(body)
        return bodies, tensors, lost

    def restore(self, bodies: list[dict[str, Any]], tensors: dict[str, Tensor]) -> None:
        """Put the values back; containers that others may refer to keep their identity."""
        for number, body in enumerate(bodies):
            values = {name: decode(item, tensors, "cuda") for name, item in body.items()}
            if number >= len(self.namespaces):
                self._waiting[number] = values
                continue
            held = vars(self.namespaces[number])
            for name, value in values.items():
                existing = held.get(name)
                if existing is not None and hasattr(existing, "load_state_dict"):
                    existing.load_state_dict(value)
                elif not put_in_place(existing, value):
                    held[name] = value


def _stateful(value: Any) -> Any:
    return value.state_dict() if hasattr(value, "load_state_dict") else value
