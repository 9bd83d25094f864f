"""Reads a script for what begins anew beside the run's loops where a run is continued: the count
of `enumerate`, what `zip` goes through, and what `next` takes from.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from babysit.attached.checks.carried import Flow, Loop, is_of_run, loops_around

AGAIN = "begins anew where a run is continued"


def begun_anew(
    tree: ast.Module, at: int, first: int = 0, *, is_kept: Callable[[str], bool] = lambda _: False
) -> list[str]:
    """What begins anew, in words.

    at: a line of the loop in progress. first: as in `carried`. is_kept: whether what a name, or
        names with dots between, stand for is a part of every checkpoint.
    """
    loops = loops_around(tree, at)
    found: list[str] = []
    for loop in loops:
        for call in [] if isinstance(loop, ast.While) else _calls(loop.iter):
            line = call.lineno + first
            if _name(call) == "enumerate" and _is_counted(tree, loop, call):
                found.append(
                    f"The count of enumerate (line {line}) {AGAIN}: write run.enumerate(...) in "
                    "its place, with the run's loop in it as now."
                )
            elif _name(call) == "zip" and not all(map(is_of_run, call.args)):
                found.append(
                    f"What zip (line {line}) goes through beside the run's loop {AGAIN}: put the "
                    "whole zip into the run's loop, as in run.batches(zip(a, b))."
                )
    if loops:
        taken = {name: line + first for name, line in _taken(loops[-1]) if not is_kept(name)}
        found += [
            f"{name}, from which the loop takes with next (line {line}), {AGAIN}: make it with "
            f"{name} = run.endless(loader), and it goes on in its place."
            for name, line in taken.items()
        ]
    return list(dict.fromkeys(found))


def _calls(iterable: ast.expr) -> Iterator[ast.Call]:
    """The calls around a loop of the run, from outside."""
    for node in ast.walk(iterable):
        if isinstance(node, ast.Call) and any(map(is_of_run, node.args)):
            yield node


def _is_counted(tree: ast.Module, loop: Loop, call: ast.Call) -> bool:
    """Whether the script uses the number that enumerate gives."""
    target = None if isinstance(loop, ast.While) or loop.iter is not call else loop.target
    if not isinstance(target, ast.Tuple):
        return True  # a progress bar around it, for example
    number = target.elts[0]
    return not isinstance(number, ast.Name) or any(
        isinstance(node, ast.Name) and node.id == number.id and isinstance(node.ctx, ast.Load)
        for node in ast.walk(tree)
    )


def _taken(loop: Loop) -> Iterator[tuple[str, int]]:
    """Iterators that a turn takes from and does not make, with the line."""
    flow = Flow(0)
    flow.turn(loop)
    for node in ast.walk(loop):
        if isinstance(node, ast.Call) and _name(node) == "next" and node.args:
            held = node.args[0]
            is_read = isinstance(held, ast.Name) and held.id in flow.read
            if is_read or isinstance(held, ast.Attribute):
                yield ast.unparse(held), node.lineno


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""
