"""The functions of a script, as the reader of loops follows them."""

from __future__ import annotations

import ast
from typing import TypeAlias

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def functions_in(tree: ast.Module) -> dict[str, FunctionNode]:
    """The functions of a module by name, also those inside others; methods are none."""
    methods = {
        id(item) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for item in node.body
    }
    return {
        node.name: node
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and id(node) not in methods
    }


def declared_outside(function: FunctionNode) -> set[str]:
    """Names that a function declares `global` or `nonlocal`."""
    return {
        name
        for node in ast.walk(function)
        if isinstance(node, (ast.Global, ast.Nonlocal))
        for name in node.names
    }


def parameters(function: FunctionNode) -> set[str]:
    return {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
