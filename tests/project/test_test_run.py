"""Tests that share what is made once for their module run in one process."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="module")
def made_once() -> int:
    return os.getpid()


def test_tests_with_a_fixture_of_their_module_are_one_group_of_pytest_xdist(
    request: pytest.FixtureRequest, made_once: int
) -> None:
    """By the name of a group at the end of the test's; else each process makes the fixture."""
    assert made_once == os.getpid()
    assert ("@" in request.node.nodeid) == ("PYTEST_XDIST_WORKER" in os.environ)
