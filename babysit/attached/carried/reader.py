"""Reads the source of a loop: which names carry a value from one turn to the next.

A resumed process begins in the middle of a loop. What the loop carries in plain names, such as the
best accuracy so far, is lost then, unless the script keeps it. Such a name is read in a turn before
it is certain that the turn has set it, and it is set in a turn, too.

This is a reading, not a proof. A nested loop is taken to make at least one turn, functions are
followed only where they set global names, and what methods do to objects is guessed from their
names.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from babysit.attached.carried.functions import functions_in
from babysit.attached.carried.turn import LoopNode, Turn

CLOCKS = frozenset(
    {"time", "perf_counter", "perf_counter_ns", "monotonic", "process_time", "time_ns", "now"}
    | {"default_timer"}
)
# What is made by these shows progress; training does not depend on it.
SHOWING = frozenset({"tqdm", "trange", "SummaryWriter", "getLogger", "open", "Progress", "Live"})
VALUE_CHARACTERS_MAX = 24  # of a first value that is repeated in the line to add


@dataclass(frozen=True, slots=True)
class CarriedName:
    """A value that the loop carries. The lines are those of its first reading and first setting."""

    name: str  # with a dot for an attribute: `self.best`
    read_line: int
    set_line: int


@dataclass(frozen=True, slots=True)
class LoopReading:
    """What a loop carries.

    changed: names of objects that existed before the turn and that a method, an index or `next` may
        change, each with its line; whether they really change shows a comparison at runtime.
    line_to_add: before the loop, e.g. `own = run.keep(best=0.0)`; None: nothing is carried.
    """

    carried: tuple[CarriedName, ...]
    changed: dict[str, int]
    line_to_add: str | None


def read_loop(
    source: str, line: int, *, bound: Collection[str] = (), attached: Collection[str] = ()
) -> LoopReading | None:
    """What the loop carries whose first line, or whose header, is at `line` of the source.

    source: of a module, or of one function. line: counted from 1 in this source.
    bound: names that are set at the start of each turn, beside the variables of the loop.
    attached: names of objects whose state is kept already.

    Returns:
        None if the source cannot be read or has no loop there.
    """
    tree = _parsed(source)
    loop = None if tree is None else _loop_at(tree, line)
    if tree is None or loop is None:
        return None
    turn = Turn(functions_in(tree), {*bound, *_targets(loop)})
    try:
        turn.visit_body(loop)
    except RecursionError:  # an expression of thousands of terms
        return None
    ignored = {*attached, *_imported(tree), *_made_by(tree, SHOWING), *_clocks(loop)}
    carried = tuple(
        CarriedName(name, read_line, turn.sets[name])
        for name, read_line in turn.exposed.items()
        if name in turn.sets and not {name, name.partition(".")[0]} & ignored
    )
    names = {item.name for item in carried}
    changed = {
        name: at for name, at in turn.changed.items() if name not in ignored and name not in names
    }
    return LoopReading(carried, changed, _line_to_add(tree, loop, carried))


def _parsed(source: str) -> ast.Module | None:
    for text in (source, textwrap.dedent(source)):
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _loop_at(tree: ast.Module, line: int) -> LoopNode | None:
    """The loop whose header is at a line."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
            head = node.test if isinstance(node, ast.While) else node.iter
            if node.lineno <= line <= (head.end_lineno or head.lineno):
                return node
    return None


def _targets(loop: LoopNode) -> set[str]:
    if isinstance(loop, ast.While):
        return set()
    return {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}


def _imported(tree: ast.Module) -> Iterator[str]:
    """Modules are no objects of the script: their functions change nothing that it carries."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                yield (alias.asname or alias.name).partition(".")[0]


def _made_by(tree: ast.Module, makers: Collection[str]) -> Iterator[str]:
    """Names that are assigned, or bound by `with`, to what one of these functions makes."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=function)):
                made = function
            case ast.withitem(
                context_expr=ast.Call(func=function), optional_vars=ast.Name(id=name)
            ):
                made = function
            case _:
                continue
        if _last_name(made) in makers:
            yield name


def _last_name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _clocks(loop: LoopNode) -> set[str]:
    """Names that are set only from a clock: they measure the loop, and have no effect in it."""
    values: dict[str, list[ast.expr]] = {}
    for node in ast.walk(loop):
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    if isinstance(target, ast.Name):
                        values.setdefault(target.id, []).append(value)
            case ast.AugAssign(target=ast.Name(id=name), value=value):
                values.setdefault(name, []).append(value)
    clocks: set[str] = set()
    while True:
        more = {
            name
            for name, given in values.items()
            if name not in clocks and all(_is_of_clock(value, clocks) for value in given)
        }
        if not more:
            return clocks
        clocks |= more


def _is_of_clock(value: ast.expr, clocks: Collection[str]) -> bool:
    match value:
        case ast.Call(func=function):
            return _last_name(function) in CLOCKS
        case ast.Name(id=name):
            return name in clocks
        case ast.BinOp(left=left, right=right):
            return _is_of_clock(left, clocks) and _is_of_clock(right, clocks)
        case _:
            return False


def _line_to_add(tree: ast.Module, loop: LoopNode, carried: Collection[CarriedName]) -> str | None:
    if not carried:
        return None
    first = {item.name: _first_value(tree, loop, item.name) for item in carried}
    given = ", ".join(f"{name.rpartition('.')[2]}={value}" for name, value in first.items())
    return f"own = run.keep({given})"


def _first_value(tree: ast.Module, loop: LoopNode, name: str) -> str:
    """The constant that the script sets the name to before the loop, or else the name."""
    found = name
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[target], value=value) if node.lineno < loop.lineno:
                pairs = _pairs(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value) if (
                node.lineno < loop.lineno
            ):
                pairs = [(target, value)]
            case _:
                continue
        for place, given in pairs:
            if ast.unparse(place) == name:
                text = ast.unparse(given)
                is_short = len(text) <= VALUE_CHARACTERS_MAX and _is_constant(given)
                found = text if is_short else name
    return found


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    """What is assigned to what: `a, b = 0, []` are two assignments."""
    match target, value:
        case ast.Tuple(elts=names), ast.Tuple(elts=values) if len(names) == len(values):
            return list(zip(names, values, strict=True))
        case _:
            return [(target, value)]


def _is_constant(value: ast.expr) -> bool:
    """Whether the expression means the same at another place: no name but that of a builtin."""
    names = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
    return names <= {"float", "int", "dict", "list", "set", "math"}
