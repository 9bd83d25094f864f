"""Says what the soaks of a session tried, and how to draw the same again."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            told = dict(report.user_properties)
            if "crashes" in told:
                terminalreporter.line(
                    f"{told['crashes']} crashes of the whole system, {told['points']:,} points "
                    f"worked out again; BABYSIT_TEST_SEED={told['seed']} draws the same"
                )
