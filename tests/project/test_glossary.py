"""The code uses the words of docs/glossary.md, and none that they replaced."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.project.files import ROOT, parsed, text_of, tracked_files

NOT_CODE = re.compile(
    r"/\*.*?\*/|//[^\n]*|`(?:\\.|[^`\\])*`|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S
)


def table(heading: str) -> list[list[str]]:
    """The rows of the table below a heading, each as the texts of its cells."""
    section = re.search(
        rf"^## {heading}\n(.*?)(?=^## |\Z)", text_of("docs/glossary.md"), re.M | re.S
    )
    assert section, f"docs/glossary.md has no table {heading!r}"
    rows = [line.strip("|").split("|") for line in section[1].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def paths_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def retired() -> Iterator[tuple[str, str]]:
    """(word, folder in which no identifier may be called so)."""
    for _, _, where, words in table("Terms"):
        folders = sorted({path.partition("/")[0] for path in paths_in(where)})
        for word, folder in re.findall(r"`(\w+)`(?: in `([\w/]+?)/?`)?", words):
            for each in [folder] if folder else folders:
                yield word, each


@cache
def identifiers(name: str) -> frozenset[str]:
    """Every identifier of a Python or TypeScript file; words in texts and comments are none."""
    if not name.endswith(".py"):
        return frozenset(re.findall(r"[A-Za-z_$][\w$]*", NOT_CODE.sub(" ", text_of(name))))
    found: set[str] = set()
    for node in ast.walk(parsed(name)):
        match node:
            case ast.Name(id=word) | ast.Attribute(attr=word) | ast.arg(arg=word):
                found.add(word)
            case ast.FunctionDef(name=word) | ast.AsyncFunctionDef(name=word):
                found.add(word)
            case ast.ClassDef(name=word):
                found.add(word)
            case ast.alias(name=word, asname=alias):
                found |= {alias or word}
    return frozenset(found)


def test_no_identifier_is_a_retired_word() -> None:
    code = [name for name in tracked_files() if name.endswith((".py", ".ts", ".tsx"))]
    used = {
        f"{name}: {word}"
        for word, folder in retired()
        for name in code
        if name.startswith(f"{folder}/") and word in identifiers(name)
    }

    assert used == set()


def test_each_term_stands_once_and_is_somewhere() -> None:
    rows = table("Terms")
    terms = [row[0] for row in rows]
    nowhere = [path for row in rows for path in paths_in(row[2]) if not (ROOT / path).exists()]

    assert len(terms) == len(set(terms)) > 40
    assert nowhere == []


@pytest.mark.parametrize("row", table("Where to find it"), ids=lambda row: row[0])
def test_a_word_of_the_field_leads_to_its_file(row: list[str]) -> None:
    files = paths_in(row[1])

    assert files
    assert [file for file in files if not (ROOT / file).is_file()] == []


def test_the_44_words_that_were_guessed_at_are_all_there() -> None:
    assert len(table("Where to find it")) == 44
