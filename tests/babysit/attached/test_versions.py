"""A version of a framework that was not tested is said to be approximate."""

from __future__ import annotations

from importlib.metadata import version

from babysit.attached.frameworks.turns import untested


def test_a_version_that_was_not_tested_makes_a_run_approximate() -> None:
    assert untested("numpy", ("0.1",)) == [
        f"Approximate, because version {version('numpy')} of numpy was not tested."
    ]


def test_a_version_that_was_tested_is_known_by_its_first_two_numbers() -> None:
    assert untested("numpy", (".".join(version("numpy").split(".")[:2]),)) == []
