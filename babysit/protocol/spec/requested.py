"""What a change may ask for: a value, or one relative to what a script's own code says."""

from __future__ import annotations

import math
from typing import Any

from babysit.protocol.hyperparameters import Hyperparameter, InvalidValue
from babysit.protocol.values import Relative, Value

RELEASE: Relative = {"release": True}


def checked_request(item: Hyperparameter, value: object) -> Value | Relative:
    """The value in its type, or `{"times": factor}` or `{"release": True}`.

    Raises:
        InvalidValue: it is neither, or out of bounds.
    """
    if not (isinstance(value, dict) and item.relative):
        return item.check(value)
    if value == RELEASE:
        return dict(RELEASE)
    factor: Any = value.get("times")
    is_number = isinstance(factor, (int, float)) and not isinstance(factor, bool)
    if set(value) != {"times"} or not is_number or not 0 < factor < math.inf:
        message = (
            f'{item.label} takes a number, {{"times": factor above 0}} or {{"release": true}}.'
        )
        raise InvalidValue(item.name, message)
    return {"times": float(factor)}
