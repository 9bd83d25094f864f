"""Style sheets: what several components share is in styles/, everything else in a CSS module."""

from __future__ import annotations

import re

from tests.project.files import text_of, tracked_files

SOURCES = [
    name
    for name in tracked_files()
    if name.startswith("frontend/src/") and name.endswith((".ts", ".tsx"))
]
SHEETS = [
    name for name in tracked_files() if name.startswith("frontend/src/") and name.endswith(".css")
]
SHARED = [name for name in SHEETS if not name.endswith(".module.css")]
CLASS = r"\.([a-zA-Z][\w-]*)"


def classes_of_components() -> set[str]:
    """The class names that stand as plain words in a `className`, without those of modules."""
    found: set[str] = set()
    for name in SOURCES:
        for match in re.finditer(r'className=(?:"([^"]+)"|\{`([^`]+)`\})', text_of(name)):
            found |= set(re.sub(r"\$\{[^}]*\}", " ", match[1] or match[2]).split())
    return found


def words_of_strings() -> set[str]:
    """Every word of a string in the page's sources: a class may be chosen by an expression."""
    strings = (
        match[1]
        for name in SOURCES
        for match in re.finditer(r"[\"'`]([^\"'`\n]*)[\"'`]", text_of(name))
    )
    return {word for string in strings for word in string.split()}


def shared_classes() -> set[str]:
    return {match for name in SHARED for match in re.findall(CLASS, text_of(name))}


def named_in_modules() -> set[str]:
    return {
        match
        for name in SHEETS
        if name.endswith(".module.css")
        for match in re.findall(r":global\(" + CLASS, text_of(name))
    }


def test_a_class_of_a_component_is_in_a_style_sheet() -> None:
    assert classes_of_components() - shared_classes() - named_in_modules() == set()


def test_a_class_of_a_shared_style_sheet_is_used() -> None:
    assert shared_classes() - words_of_strings() == set()


def test_a_class_that_a_module_takes_from_outside_is_used() -> None:
    assert named_in_modules() - words_of_strings() == set()
