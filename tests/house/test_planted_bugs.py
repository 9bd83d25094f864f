"""The planted bugs fit the code as it is: each can be planted, and its tests are there."""

from __future__ import annotations

import shlex

import pytest

from scripts.planted import Bug
from scripts.planted_bugs import BUGS
from tests.house.project import ROOT, text_of


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_can_be_planted_in_exactly_one_way(bug: Bug) -> None:
    counts = [text_of(edit.file).count(edit.old) for edit in bug.edits]
    files = [word for word in shlex.split(bug.tests) if word.endswith(".py")]

    assert counts == [1] * len(bug.edits)
    assert files
    assert [name for name in files if not (ROOT / name).exists()] == []


def test_no_two_bugs_have_one_name() -> None:
    names = [bug.name for bug in BUGS]

    assert len(names) == len(set(names)) >= 25
