"""The numbers behind what a script logs or returns."""

from __future__ import annotations

from typing import Any

from torch import Tensor


def named_values(found: Any, prefix: str) -> dict[str, float]:
    """What a function to evaluate returns, by series names: a number, or numbers by name."""
    if isinstance(found, dict):
        named = {str(name): number(value) for name, value in found.items()}
        return {
            name if "/" in name else prefix + name: value
            for name, value in named.items()
            if value is not None
        }
    value = number(found)
    return {} if value is None else {f"{prefix}cost": value}


def number(value: Any) -> float | None:
    """The number behind a value that was logged; None if it is none."""
    try:
        if isinstance(value, Tensor):
            return float(value.detach()) if value.numel() == 1 else None
        return None if isinstance(value, (str, bytes, bytearray)) else float(value)
    except Exception:  # a complex number, an object whose own code raises
        return None
