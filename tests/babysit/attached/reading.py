"""Reads a loop in a small source of a test."""

from __future__ import annotations

import textwrap

from babysit.attached.carried import LoopReading, read_loop

HERE = "# here"  # marks the loop that is read


def reading(source: str, **options: list[str]) -> LoopReading:
    text = textwrap.dedent(source)
    line = next(n for n, code in enumerate(text.splitlines(), 1) if HERE in code)
    found = read_loop(text, line, **options)
    assert found is not None
    return found
