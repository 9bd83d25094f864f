"""What a worker asks of a cluster, and how many such workers it has room for."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

AMOUNT = re.compile(r"(?P<name>[\w:.-]{1,100})=(?P<amount>\d{1,6}(?:\.\d{1,4})?)", re.ASCII)
EXAMPLE = "must be like CPU=1,GPU=1"


def parse_resources(text: str) -> dict[str, float]:
    """Amounts by name, from `CPU=1,GPU=1`; CPU and GPU are Ray's names, others are your own.

    Raises:
        ValueError: the text has another form, or asks for nothing.
    """
    amounts = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        found = AMOUNT.fullmatch(part)
        if found is None or found["name"] in amounts:
            raise ValueError(EXAMPLE)
        amounts[found["name"]] = float(found["amount"])
        if found["name"] != "CPU" and amounts[found["name"]] > 1 and "." in found["amount"]:
            raise ValueError(f"{found['name']}: amounts above 1 must be whole numbers")
    if text.strip() and not any(amounts.values()):
        raise ValueError(f"{EXAMPLE}: a worker must ask for something")
    return amounts


def slots_of(nodes: Iterable[Mapping[str, float]], asked: Mapping[str, float]) -> int:
    """How many workers that ask for this fit on nodes that have these resources at once."""
    return sum(
        min(
            math.floor(node.get(name, 0.0) / amount + 1e-9)
            for name, amount in asked.items()
            if amount
        )
        for node in nodes
    )
