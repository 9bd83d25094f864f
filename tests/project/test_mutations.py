"""The patches of known bugs fit the code as it is, and the tests that they name are there."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from tests.mutations.bugs import Bug, all_bugs
from tests.project.files import ROOT

BUGS = all_bugs()


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.patch.stem)
def test_the_tests_of_a_bug_are_there(bug: Bug) -> None:
    files = [word for word in shlex.split(bug.tests) if word.endswith(".py")]

    assert files
    assert [name for name in files if not (ROOT / name).exists()] == []


def test_every_patch_still_fits_the_code() -> None:
    unfit = {}
    for bug in BUGS:
        checked = subprocess.run(
            ["git", "apply", "--check", str(bug.patch)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        if checked.returncode != 0:
            unfit[bug.name] = checked.stderr

    assert unfit == {}


def test_no_two_bugs_have_one_name() -> None:
    names = [bug.name for bug in BUGS]

    assert len(names) == len(set(names)) >= 25
