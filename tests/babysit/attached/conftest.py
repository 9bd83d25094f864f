"""Trainings of frameworks run where the frameworks are: `make frameworks` installs them."""

from __future__ import annotations

import importlib.util

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out what cannot run in this environment; scripts/check.sh runs it in another."""
    if importlib.util.find_spec("lightning") is not None:
        return
    without = [item for item in items if item.get_closest_marker("frameworks")]
    items[:] = [item for item in items if item not in without]
    config.hook.pytest_deselected(items=without)
