"""What a hyperparameter can be set to, and a set of them."""

from __future__ import annotations

from typing import TypeAlias

Value: TypeAlias = float | int | bool | str
Values: TypeAlias = dict[str, Value]
