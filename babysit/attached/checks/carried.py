"""Reads a script's loop: which values it carries from one turn to the next, and nobody keeps.

Such a value is read in a turn before the turn sets it, as `step` in `step += 1`. The process that
continues the training begins with another one.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType, FrameType

Loop = ast.For | ast.AsyncFor | ast.While
LOOPS = frozenset({"epochs", "batches", "steps", "shuffled", "loader"})  # of `babysit.attach`
FILLING = frozenset(
    {"append", "extend", "insert", "add", "update", "pop", "popleft", "appendleft", "remove"}
)
CLOCKS = frozenset({"time", "time_ns", "perf_counter", "perf_counter_ns", "monotonic", "now"})


@dataclass(frozen=True, slots=True)
class Carried:
    """A name, and the lines of the script in which the loop sets it and reads it first."""

    name: str
    set_at: int
    read_at: int


def source_of(frame: FrameType) -> tuple[ast.Module, int, int] | None:
    """The source around a loop, its line in it, and how far line numbers are off; None: there is
    none to read.
    """
    try:
        tree, first = _tree_of(frame.f_code)
    except (OSError, TypeError, SyntaxError, ValueError, IndexError):
        return None
    return tree, frame.f_lineno - first, first


def carried_around(tree: ast.Module, at: int, first: int = 0) -> list[Carried]:
    """What the loops of the run around a line carry. first: what is added to line numbers."""
    found: dict[str, Carried] = {}
    loops = loops_around(tree, at)
    for loop in loops:
        flow = Flow(first)
        flow.turn(loop)
        for item in (*flow.carried(), *_read_afterwards(tree, loop, flow)):
            found.setdefault(item.name, item)
    return list(found.values())


def _read_afterwards(tree: ast.Module, loop: Loop, flow: Flow) -> Iterator[Carried]:
    """What only some turns set, and what follows the loop reads, such as the best weights."""
    perhaps = flow.written.keys() - flow.known
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Name) and node.id in perhaps):
            continue
        if isinstance(node.ctx, ast.Load) and node.lineno > (loop.end_lineno or 0):
            perhaps.discard(node.id)
            yield Carried(node.id, flow.written[node.id], node.lineno + flow.first)


def filled_in(tree: ast.Module, at: int) -> set[str]:
    """Names of what is changed in place around the innermost loop: `history.append(x)` at the end
    of an epoch, `best[name] = x`. Changes inside of it are seen by looking.
    """
    loops = loops_around(tree, at)
    found: set[str] = set()
    for loop in loops[:-1]:
        flow = Flow(0)
        flow.turn(loop)
        inner = {id(node) for node in ast.walk(loops[-1])}
        for node in ast.walk(loop):
            target: ast.expr | None = None
            if id(node) in inner:
                continue
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                target = node.func.value if node.func.attr in FILLING else None
            elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
                target = node.value
            if isinstance(target, ast.Subscript):  # history["loss"].append(x)
                target = target.value
            if isinstance(target, ast.Name) and target.id not in flow.known:
                found.add(target.id)
    return found


def loops_around(tree: ast.Module, at: int) -> list[Loop]:
    """The loops of the run around a line, the outer ones first; also a `while` that takes its turns
    from the run with `next` in that line.
    """
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.For, ast.AsyncFor, ast.While))
        and node.lineno <= at <= (node.end_lineno or 0)
        and (_takes_at(node, at) if isinstance(node, ast.While) else _goes_on_at(node, at))
    ]


def _goes_on_at(loop: ast.For | ast.AsyncFor, at: int) -> bool:
    return is_of_run(loop.iter) or loop.lineno == at


def _takes_at(loop: ast.While, at: int) -> bool:
    return any(
        isinstance(node, ast.Call)
        and node.lineno == at
        and isinstance(node.func, ast.Name)
        and node.func.id == "next"
        for node in ast.walk(loop)
    )


def _tree_of(code: CodeType) -> tuple[ast.Module, int]:
    """The source of a function or a module, and how far its line numbers are off."""
    if code.co_name == "<module>":
        lines = linecache.getlines(code.co_filename)
        if not lines:
            raise OSError("no source")
        return ast.parse("".join(lines)), 0
    lines, first = inspect.getsourcelines(code)
    return ast.parse(textwrap.dedent("".join(lines))), first - 1


def is_of_run(iterable: ast.expr) -> bool:
    """Whether a loop goes over a loop of ours, also inside `enumerate` or a progress bar."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LOOPS
        for node in ast.walk(iterable)
    )


class Flow(ast.NodeVisitor):
    """Follows one turn of a loop in the order of its execution.

    known: names that this turn has certainly set. read, written: name -> line.
    """

    def __init__(self, first: int) -> None:
        self.first = first
        self.known: set[str] = set()
        self.read: dict[str, int] = {}  # before the turn has set them
        self.written: dict[str, int] = {}

    def carried(self) -> list[Carried]:
        names = self.read.keys() & self.written.keys()
        return sorted(
            (Carried(name, self.written[name], self.read[name]) for name in names),
            key=lambda item: item.set_at,
        )

    def turn(self, loop: Loop) -> None:
        self.visit(loop.test if isinstance(loop, ast.While) else loop.target)
        self._all(loop.body)

    def _all(self, body: list[ast.stmt]) -> None:
        for statement in body:
            self.visit(statement)

    def _either(self, *branches: list[ast.stmt]) -> None:
        """Branches of which one is taken: certain is what all of them set."""
        before, ends = set(self.known), []
        for branch in branches:
            self.known = set(before)
            self._all(branch)
            if not _leaves(branch):
                ends.append(self.known)
        self.known = set.intersection(*ends) if ends else before

    def visit(self, node: ast.AST) -> None:
        """Follow one node."""
        match node:
            case ast.Name():
                self._name(node)
            case ast.Assign():
                self._assign(node)
            case ast.AnnAssign():
                self._annotated(node)
            case ast.AugAssign():
                self._augmented(node)
            case ast.NamedExpr():
                self._named(node)
            case ast.If():
                self._if(node)
            case ast.For() | ast.AsyncFor():
                self._loop(node)
            case ast.While():
                self._while(node)
            case ast.Try() | ast.TryStar():
                self._try(node)
            case ast.Match():
                self._match(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Lambda():
                self._scope(node)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self._comprehension(node)
            case _:
                self.generic_visit(node)

    # -- names

    def _name(self, node: ast.Name) -> None:
        line = node.lineno + self.first
        if isinstance(node.ctx, ast.Load):
            if node.id not in self.known:
                self.read.setdefault(node.id, line)
        else:
            self.written.setdefault(node.id, line)
            self.known.add(node.id)

    def _assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        if _is_clock(node.value):  # it tells of the clock, not of the training
            self.known |= {item.id for item in node.targets if isinstance(item, ast.Name)}
            return
        for target in node.targets:
            self.visit(target)

    def _annotated(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)

    def _augmented(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self._name(ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target))
        self.visit(node.target)

    def _named(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.visit(node.target)

    # -- control flow

    def _if(self, node: ast.If) -> None:
        self.visit(node.test)
        self._either(node.body, node.orelse)

    def _loop(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self.visit(node.target)
        self._all([*node.body, *node.orelse])  # it is taken to make a turn

    def _while(self, node: ast.While) -> None:
        self.visit(node.test)
        self._all([*node.body, *node.orelse])

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        self._either([*node.body, *node.orelse], *[handler.body for handler in node.handlers])
        self._all(node.finalbody)

    def _match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        self._either(*[case.body for case in node.cases], [])

    # -- scopes of their own

    def _scope(self, node: ast.AST) -> None:
        name = getattr(node, "name", None)
        if name is not None:
            self.written.setdefault(name, getattr(node, "lineno", 0) + self.first)
            self.known.add(name)

    def _comprehension(self, node: ast.AST) -> None:
        """Its targets are its own; what else it reads is the loop's."""
        known, written = set(self.known), dict(self.written)
        for generator in getattr(node, "generators", ()):
            self.visit(generator.iter)
            self.visit(generator.target)
            for condition in generator.ifs:
                self.visit(condition)
        for field in ("key", "elt", "value"):
            if (part := getattr(node, field, None)) is not None:
                self.visit(part)
        self.known, self.written = known, written


def _is_clock(value: ast.expr) -> bool:
    """Whether a value is the time of now."""
    if not isinstance(value, ast.Call):
        return False
    function = value.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in CLOCKS


def _leaves(branch: list[ast.stmt]) -> bool:
    """Whether a branch does not go on with what follows."""
    return bool(branch) and isinstance(branch[-1], (ast.Break, ast.Continue, ast.Return, ast.Raise))
