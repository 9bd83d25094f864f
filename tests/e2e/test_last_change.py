"""One line under the cost says what was changed last, what followed, and takes it back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.screen import Screen

pytestmark = pytest.mark.sampled(2)


def line(screen: Screen) -> Locator:
    return screen.page.get_by_role("group", name="Last change", exact=True)


def test_the_line_says_what_was_changed_last_and_what_followed(
    screen: Screen, slow_run: int
) -> None:
    screen.open_run(slow_run)
    expect(line(screen)).to_contain_text("No change yet. ] doubles the learning rate.")

    screen.server.command(slow_run, "set", values={"momentum": 0.5})
    screen.server.command(slow_run, "set", values={"learning_rate": 0.02})

    step = screen.server.events(slow_run, "changed")[1]["effective_step"]
    expect(line(screen)).to_contain_text(f"Last: Learning rate 0.05 → 0.02 from step {step:,}")
    expect(line(screen)).to_contain_text(re.compile(r"steps ago\) · train [\d.]+ → [\d.]+"))


def test_the_line_is_in_sight_with_the_cost_chart(screen: Screen, slow_run: int) -> None:
    screen.server.command(slow_run, "set", values={"learning_rate": 0.02})
    screen.open_run(slow_run)

    expect(line(screen)).to_contain_text("Last:")

    expect(line(screen)).to_be_in_viewport(ratio=1)
    assert screen.page.evaluate("scrollY") == 0


def test_u_and_enter_put_the_last_value_back(screen: Screen, slow_run: int) -> None:
    screen.server.command(slow_run, "set", values={"learning_rate": 0.02})
    screen.open_run(slow_run)
    expect(line(screen)).to_contain_text("Last:")

    screen.page.keyboard.press("u")
    expect(screen.page.get_by_role("menuitem", name="Put value back")).to_be_focused()
    screen.page.keyboard.press("Enter")

    back = screen.server.wait_until(
        lambda: screen.server.events(slow_run, "changed")[1:], "the value is put back"
    )
    assert back[0]["after"]["learning_rate"] == 0.05 or back[0]["over_steps"] == 10
    assert screen.page.evaluate("scrollY") == 0
