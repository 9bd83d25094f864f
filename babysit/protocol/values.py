"""The types of a hyperparameter's value, and of several values by name."""

from __future__ import annotations

from typing import TypeAlias

Value: TypeAlias = float | int | bool | str
Values: TypeAlias = dict[str, Value]
