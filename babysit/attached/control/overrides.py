"""Values that were set by hand, beside those that a script and its schedulers say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from babysit.protocol.spec.requested import RELEASE
from babysit.protocol.values import Relative, Value
from babysit.training.schedule import Ramp


@dataclass(slots=True)
class Override:
    """A value set by hand. times: a factor on what the script says, not a value.

    ramp: the way to it, as long as it lasts. released: at the end of the ramp the script's own
    value is in force alone again.
    """

    value: float | bool | str
    times: bool = False
    ramp: Ramp | None = None
    released: bool = False

    def at(self, step: int) -> Any:
        """The value or the factor of update `step` + 1."""
        return self.value if self.ramp is None else self.ramp.at(step)

    def request(self) -> Value | Relative:
        """What sets it again."""
        if self.released:
            return dict(RELEASE)
        return {"times": float(self.value)} if self.times else self.value

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "ramp": None if self.ramp is None else asdict(self.ramp)}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Override:
        ramp = body["ramp"]
        return cls(**{**body, "ramp": None if ramp is None else Ramp(**ramp)})


@dataclass(frozen=True, slots=True)
class Effective:
    """From the script's own value to the one in force: the newest absolute value, then factors."""

    rules: tuple[tuple[bool, Any], ...]

    def __call__(self, own: Any) -> Any:
        value = own
        for times, number in sorted(self.rules, key=lambda rule: rule[0]):
            value = value * number if times else number
        return value
