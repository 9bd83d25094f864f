"""Recipes that mean no good: a real one with something else in one place, and bombs."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import yaml

from tests.security.corpus import CANARY, MARK, STRINGS

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + level)}: &{chr(98 + level)} [{', '.join(['*' + chr(97 + level)] * 9)}]\n"
    for level in range(20)
)
# In YAML, as it is written.
VALUES: tuple[str, ...] = (
    *(json.dumps(text) for text in STRINGS if len(text) < 10_000),
    '!!int ""',
    '!!float ""',
    '!!bool "zz"',
    '!!timestamp "zz"',
    '!!binary "//"',
    "!!set {a, b}",
    "!!omap [a: 1]",
    "!!python/name:os.system",
    f"!{CANARY} x",
    f"&{CANARY} x",
    f"*{CANARY}",
    "{<<: {a: 1}}",
    "{? [a, b] : c}",
    "{? {a: b} : c}",
    "0x" + "f" * 400,
    "0b" + "1" * 400,
    "0777",
    "1" * 5_000,
    "-" + "9" * 400,
    "190:20:30:20:30:20:30:20:30.15",
    "1_000",
    "1e999",
    ".nan",
    ".inf",
    "-.inf",
    "9007199254740993",
    "-1",
    "0",
    "1.5",
    "2001-01-01",
    "2001-02-30",
    "2001-12-14t21:59:43.10-99:99",
    "=",
    "~",
    "true",
    "[]",
    "{}",
    "[[], {}]",
    '[1, "\\ud800", 2]',
    '{"\\ud800": 1}',
    "[" * 40 + "]" * 40,
    "{a: " * 40 + "1" + "}" * 40,
    "[" * 3_000,
    "[" + "1, " * 5_000 + "1]",
)
DOCUMENTS: tuple[str, ...] = (
    *VALUES,
    BOMB,
    "- " * 5_000 + "a",
    "? " * 5_000 + "a",
    "{a: " * 5_000,
    "a: 1\n" * 8_000,
    "- [[]]\n" * 8_000,
    "&a " * 1_000,
    '"' + "x" * 100_000,
    '"' + "\\x0" * 10_000,
    "'" * 99_999,
    "|" + "\n" * 50_000 + " a",
    "#" * 100_000,
    "%YAML 9.9\n---\n",
    "%TAG ! tag:x,2000:\n---\n!a b",
    "---\n...\n" * 1_000,
    f"{CANARY}: {CANARY}: {CANARY}",
    "\t- a",
    "\ufeff\ufeffa: 1",
    "format: 1",
    "format: 1\n" * 2,
)


def documents(good: str, count: int, chance: random.Random) -> Iterator[str]:
    """Every whole document, then `count` times a good recipe with something else in one place."""
    yield from DOCUMENTS
    body = yaml.safe_load(good)
    places = list(_places(body))
    for _ in range(count):
        spoilt = json.loads(json.dumps(body))
        *way, last = chance.choice(places)
        inner = spoilt
        for part in way:
            inner = inner[part]
        if isinstance(last, str) and chance.random() < 0.15:  # the field's name, not its value
            inner[MARK] = inner.pop(last)
        else:
            inner[last] = MARK
        yield json.dumps(spoilt).replace(f'"{MARK}"', chance.choice(VALUES))


def _places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to everything inside a value."""
    if isinstance(value, dict):
        inner: Any = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    else:
        return
    for name, item in inner:
        yield (*at, name)
        yield from _places(item, (*at, name))
