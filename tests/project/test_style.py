"""The rules of CONTRIBUTING.md that no linter has: roles, sizes and names."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.project.files import parsed, python_files, text_of, tracked_files

MODULE_LINES_MAX = 300
TEST_MODULE_LINES_MAX = 400  # one behaviour after the other: read in parts
FUNCTION_LINES_MAX = 60  # without its docstring, blank lines and comments
SOURCE_FOLDERS = ("app/", "babysit/", "models/", "scripts/", "benchmarks/", "frontend/src/")
FOLDER_FILES_MAX = 15  # of source; tests lie beside it or mirror it
# Longer ones, each with the reason why it is one thing.
LONGER_MODULES = {
    "babysit/protocol/events.py": "one closed list of small dataclasses",
    "frontend/src/api/openapi.ts": "generated from the server's OpenAPI",
}
# Ordinary suffixes (Handler, Service) are fine where the field uses them; these say nothing.
VAGUE = {"helper", "helpers", "util", "utils", "misc", "core"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@pytest.mark.parametrize("name", python_files())
def test_a_module_opens_with_one_sentence_on_its_role(name: str) -> None:
    docstring = ast.get_docstring(parsed(name))

    assert docstring, f"{name} has no docstring"
    first = re.split(r"\n\s*\n", docstring)[0]
    assert first.rstrip().endswith((".", ":")), f"{name} opens with: {first}"


def test_a_module_is_short_enough_to_read_at_once() -> None:
    code = [name for name in tracked_files() if name.endswith((".py", ".ts", ".tsx"))]
    lengths = {name: text_of(name).count("\n") for name in code}
    long = {name for name, lines in lengths.items() if lines > lines_max(name)}

    assert {name: lengths[name] for name in long - set(LONGER_MODULES)} == {}
    assert set(LONGER_MODULES) & set(code) <= long, "an exception that is no longer needed"


def test_a_folder_has_few_enough_files_to_take_in_at_once() -> None:
    folders = Counter(
        str(Path(name).parent)
        for name in tracked_files()
        if name.startswith(SOURCE_FOLDERS) and ".test." not in name
    )

    assert {folder: n for folder, n in folders.items() if n > FOLDER_FILES_MAX} == {}


def lines_max(name: str) -> int:
    return TEST_MODULE_LINES_MAX if name.startswith("tests/") else MODULE_LINES_MAX


def test_a_function_is_short_enough_to_read_at_once() -> None:
    long = {}
    for name in python_files():
        for node in ast.walk(parsed(name)):
            if isinstance(node, Function):
                lines = code_lines(node, text_of(name))
                if lines > FUNCTION_LINES_MAX:
                    long[f"{name}: {node.name}"] = lines

    assert long == {}


def code_lines(function: Function, text: str) -> int:
    """Lines of a function without docstring, blank lines and lines that are only a comment."""
    lines = text.splitlines()[function.lineno - 1 : function.end_lineno]
    first = function.body[0]
    if ast.get_docstring(function) is not None and first.end_lineno is not None:
        start = first.lineno - function.lineno
        del lines[start : start + first.end_lineno - first.lineno + 1]
    return sum(1 for line in lines if line.strip() and not line.strip().startswith("#"))


def test_names_say_what_a_thing_is() -> None:
    vague = []
    for name in python_files():
        stem = name.rpartition("/")[2].removesuffix(".py")
        vague += [name] if VAGUE & set(words_of(stem)) else []
        for node in ast.walk(parsed(name)):
            if isinstance(node, ast.ClassDef) and VAGUE & set(words_of(node.name)):
                vague.append(f"{name}: {node.name}")

    assert vague == []


def words_of(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)]


def test_no_test_sleeps() -> None:
    """Waits belong to the likes of tests/live_server.py: bounded, and looking at the process."""
    tests = [name for name in python_files() if re.search(r"tests/.*\btest_\w+\.py", name)]

    sleepy = [n for n in tests if re.search(r"\b(time\.sleep|wait_for_timeout)\(", text_of(n))]

    assert sleepy == []


def test_distances_and_sizes_of_type_come_from_the_tokens() -> None:
    """One scale for the whole page: `frontend/src/styles/tokens.css`. Only hairlines are 1px."""
    scaled = re.compile(
        r"^\s*((?:scroll-)?(?:padding|margin|gap|row-gap|column-gap)[a-z-]*|font-size):(.*);", re.M
    )
    sheets = [name for name in tracked_files() if name.endswith(".css") and "/src/" in name]
    assert len(sheets) > 40

    literal = [
        f"{name}: {property_}:{value}"
        for name in sheets
        for property_, value in scaled.findall(text_of(name))
        if re.search(r"(?<!var\(--)\b(?!1px|0px)\d+(\.\d+)?(px|rem|em)\b", value)
    ]

    assert literal == []
