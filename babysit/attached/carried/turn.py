"""Follows one turn of a loop through its syntax tree: what it reads before it has set it."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable
from typing import TypeAlias

from babysit.attached.carried.functions import FunctionNode, declared_outside, parameters

LoopNode: TypeAlias = ast.For | ast.AsyncFor | ast.While

# Methods after which an object may be another one: of containers, of buffers and environments, of
# generators of random numbers.
CHANGING = frozenset({
    "append", "appendleft", "add", "clear", "discard", "extend", "extendleft", "insert", "pop",
    "popitem", "popleft", "remove", "reverse", "rotate", "setdefault", "sort", "update",
    "push", "put", "get_nowait", "send", "store", "record", "observe", "step", "reset", "fill_",
    "add_", "mul_", "sub_", "div_", "copy_", "zero_", "lerp_",
    "choice", "choices", "gauss", "integers", "normal", "permutation", "rand", "randint", "randn",
    "random", "sample", "shuffle", "standard_normal", "uniform",
})  # fmt: skip


class Turn(ast.NodeVisitor):
    """One turn of a loop, in the order in which it runs.

    exposed: names that are read where the turn may not have set them yet, with the first line.
    sets: names that the turn sets, with the first line.
    changed: names of objects from before the turn that may be changed in place, with the line.
    """

    def __init__(self, functions: dict[str, FunctionNode], bound: Iterable[str]) -> None:
        self.exposed: dict[str, int] = {}
        self.sets: dict[str, int] = {}
        self.changed: dict[str, int] = {}
        self._functions = functions
        self._called: set[str] = set()
        self._defined: set[str] | None = set(bound)  # None: the turn never comes here
        self._breaks: list[list[set[str]]] = [[]]  # what is defined where each loop is left

    def visit_body(self, loop: LoopNode) -> None:
        """Follow a turn from its beginning to its end."""
        if isinstance(loop, ast.While):
            self.visit(loop.test)
        self._visit_all(loop.body)

    # ---- reading and setting

    def _is_from_before(self, name: str) -> bool:
        """Whether a name may still mean, at this place, what it meant before the turn."""
        return self._defined is not None and name not in self._defined

    def _read(self, name: str, line: int) -> None:
        if self._is_from_before(name):
            self.exposed.setdefault(name, line)

    def _set(self, name: str, line: int) -> None:
        self.sets.setdefault(name, line)
        if self._defined is not None:
            self._defined.add(name)

    def _change(self, node: ast.expr, line: int) -> None:
        """An object is changed in place; one that was made in this turn is of no interest."""
        while isinstance(node, (ast.Attribute, ast.Subscript)):
            node = node.value
        if isinstance(node, ast.Name) and self._is_from_before(node.id):
            self.changed.setdefault(node.id, line)

    def visit_Name(self, node: ast.Name) -> None:
        match node.ctx:
            case ast.Load():
                self._read(node.id, node.lineno)
            case ast.Store():
                self._set(node.id, node.lineno)
            case ast.Del():
                if self._defined is not None:
                    self._defined.discard(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """`self.best` is a name, too, if the object is one from before the turn."""
        self.visit(node.value)
        if not isinstance(node.value, ast.Name) or node.value.id in (self._defined or ()):
            return
        name = f"{node.value.id}.{node.attr}"
        if isinstance(node.ctx, ast.Load):
            self._read(name, node.lineno)
        elif isinstance(node.ctx, ast.Store):
            self._set(name, node.lineno)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._change(node.value, node.lineno)
        self.generic_visit(node)

    # ---- statements

    def _visit_all(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            self.visit(statement)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(_loaded(node.target))
        self.visit(node.value)
        self.visit(node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.visit(node.target)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._branches([node.body, node.orelse])

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        is_complete = any(
            isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None
            for case in node.cases
        )
        bodies: list[list[ast.stmt]] = [case.body for case in node.cases]
        self._branches(bodies if is_complete else [*bodies, []])

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self.visit(node.target)
        self._nested(node)

    visit_AsyncFor = visit_For  # noqa: N815

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self._nested(node)

    def _nested(self, loop: LoopNode) -> None:
        """A loop in the turn; it is taken to make at least one turn of its own, to its end."""
        self._breaks.append([])
        self._visit_all(loop.body)
        breaks = self._breaks.pop()
        is_endless = isinstance(loop, ast.While) and isinstance(loop.test, ast.Constant)
        if is_endless or self._defined is None:
            self._defined = _common(breaks)
        self._visit_all(loop.orelse)

    def _branches(self, bodies: Iterable[list[ast.stmt]]) -> None:
        """Only one of these is run: what all of them set is set afterwards."""
        before, ends = self._defined, []
        for body in bodies:
            self._defined = _copied(before)
            self._visit_all(body)
            ends.append(self._defined)
        self._defined = _common(ends)

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        before = _copied(self._defined)
        self._visit_all([*node.body, *node.orelse])
        ends = [self._defined]
        for handler in node.handlers:
            self._defined = _copied(before)
            if handler.type is not None:
                self.visit(handler.type)
            if handler.name and self._defined is not None:
                self._defined.add(handler.name)
            self._visit_all(handler.body)
            ends.append(self._defined)
        self._defined = _common(ends)
        self._visit_all(node.finalbody)

    visit_TryStar = visit_Try  # noqa: N815

    def visit_Break(self, node: ast.stmt) -> None:
        if self._defined is not None:
            self._breaks[-1].append(self._defined)
        self._defined = None

    def visit_Continue(self, node: ast.stmt) -> None:
        self._defined = None

    def visit_Return(self, node: ast.stmt) -> None:
        self.generic_visit(node)
        self._defined = None

    visit_Raise = visit_Return  # noqa: N815

    def visit_FunctionDef(self, node: FunctionNode) -> None:
        """Its body runs when it is called. What it sets outside itself is taken to happen here."""
        self._set(node.name, node.lineno)
        if declared_outside(node):
            self._call(node.name, node.lineno)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """It sets nothing, and what it reads is read later."""

    # ---- expressions

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        before = _copied(self._defined)
        self.visit(node.body)
        ends = [self._defined]
        self._defined = before
        self.visit(node.orelse)
        self._defined = _common([*ends, self._defined])

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        certain = _copied(self._defined)
        for value in node.values[1:]:
            self.visit(value)
        self._defined = certain

    def visit_Call(self, node: ast.Call) -> None:
        match node.func:
            case ast.Attribute(value=value, attr=method) if method in CHANGING:
                self._change(value, node.lineno)
            case ast.Name(id="next") if node.args:
                self._change(node.args[0], node.lineno)
        self.generic_visit(node)
        if isinstance(node.func, ast.Name):
            self._call(node.func.id, node.lineno)

    def _call(self, name: str, line: int) -> None:
        """A function of the script is called: what it does to outer names happens here."""
        function = self._functions.get(name)
        if function is None or name in self._called:
            return
        inner = Turn(self._functions, parameters(function))
        inner._called = {*self._called, name}
        inner._visit_all(function.body)
        outside = declared_outside(function)
        for each in inner.exposed:
            if each in outside or "." in each:
                self._read(each, line)
        for each in inner.changed:
            if each in outside or each not in inner.sets:
                self._change(ast.Name(each, ast.Load()), line)
        for each in inner.sets:
            if each in outside or "." in each:
                self._set(each, line)

    def _visit_comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
    ) -> None:
        """The variables of a comprehension are its own."""
        before = _copied(self._defined)
        for generator in node.generators:
            self.visit(generator.iter)
            if self._defined is not None:
                self._defined |= _names_in(generator.target)
            for condition in generator.ifs:
                self.visit(condition)
        for result in [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]:
            self.visit(result)
        self._defined = before

    visit_ListComp = _visit_comprehension  # noqa: N815
    visit_SetComp = _visit_comprehension  # noqa: N815
    visit_DictComp = _visit_comprehension  # noqa: N815
    visit_GeneratorExp = _visit_comprehension  # noqa: N815


def _names_in(target: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def _loaded(target: ast.Name | ast.Attribute | ast.Subscript) -> ast.expr:
    """The target of `+=` as it is read."""
    loaded = copy.copy(target)
    loaded.ctx = ast.Load()
    return loaded


def _copied(defined: set[str] | None) -> set[str] | None:
    return None if defined is None else set(defined)


def _common(ends: Iterable[set[str] | None]) -> set[str] | None:
    """What is defined at all ends that are reached; None: none is."""
    reached = [end for end in ends if end is not None]
    return set.intersection(*reached) if reached else None
