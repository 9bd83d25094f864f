"""The types of a hyperparameter's value, of several by name, and of what a change asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Value: TypeAlias = float | int | bool | str
Values: TypeAlias = dict[str, Value]
# Relative to what the script's own code and its schedulers say:
# {"times": 0.5} multiplies that, {"release": True} leaves it as it is.
Relative: TypeAlias = dict[str, float | bool]
RequestedValues: TypeAlias = Mapping[str, Value | Relative]
