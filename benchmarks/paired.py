"""Compares loops that run in processes of their own, turn by turn, by processor time and by wall.

A process counts all of its threads, so what a loop leaves to a thread counts, too; and no loop
pays for the threads of another one. Turns next to each other see the same machine, however busy
it is; the paired ratios of many turns have a median that hardly depends on that.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

WARM_UP = 2  # turns


@dataclass(frozen=True)
class Turn:
    """Microseconds a step: of the clock, of the processor, and of that the loop's own thread."""

    wall: float
    processor: float
    thread: float


def take_turns(work: Callable[[int], None]) -> None:
    """In the process of a loop: make as many steps as the other process asks for, until it ends."""
    print("ready", flush=True)
    for line in sys.stdin:
        steps = int(line)
        before = time.perf_counter(), _used(resource.RUSAGE_SELF), _used(resource.RUSAGE_THREAD)
        work(steps)
        after = time.perf_counter(), _used(resource.RUSAGE_SELF), _used(resource.RUSAGE_THREAD)
        took = [(b - a) / steps * 1e6 for a, b in zip(before, after, strict=True)]
        print(json.dumps(took), flush=True)


def _used(of: int) -> float:
    used = resource.getrusage(of)
    return used.ru_utime + used.ru_stime


class Loop:
    """The process of one loop."""

    def __init__(self, script: str, arguments: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(script).resolve()), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._line()

    def turn(self, steps: int) -> Turn:
        assert self._process.stdin is not None
        print(steps, file=self._process.stdin, flush=True)
        return Turn(*json.loads(self._line()))

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        if self._process.wait():
            sys.exit("A loop has failed.")

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            sys.exit("A loop has ended too early.")
        return line


def compare(name: str, bare: Loop, other: Loop, *, steps: int, pairs: int) -> None:
    """Let both make their turns, and print how the other one compares with the bare one."""
    found: list[tuple[Turn, Turn]] = []
    for pair in range(WARM_UP + pairs):
        if pair % 2:
            second, first = other.turn(steps), bare.turn(steps)
        else:
            first, second = bare.turn(steps), other.turn(steps)
        if pair >= WARM_UP:
            found.append((first, second))
    print(f"{name}: {pairs} pairs of {steps} steps")
    for kind in ("processor", "thread", "wall"):
        ratios = [getattr(second, kind) / getattr(first, kind) for first, second in found]
        low, median, high = statistics.quantiles(ratios, n=4)
        alone = statistics.median(getattr(first, kind) for first, _ in found)
        more = statistics.median(getattr(b, kind) - getattr(a, kind) for a, b in found)
        label = {"processor": "processor time", "thread": "… of the loop's thread"}.get(kind, kind)
        print(
            f"  {label}: {median:.3f} × (quartiles {low:.3f} to {high:.3f}), a bare step "
            f"{alone:.0f} µs, {more:+.1f} µs"
        )
