"""The roles and names by which people and tests find things: a contract of the page."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.screen import Screen

NAMES = [
    ("link", "Skip to charts"),
    ("navigation", "Main"),
    ("link", "Babysit"),
    ("link", "Runs"),
    ("link", "Caviar"),
    ("combobox", "Run"),
    ("status", "Run status"),
    ("button", "Pause training"),
    ("button", "Stop training"),
    ("button", "Save checkpoint"),
    ("link", "Search around this run"),
    ("group", "Learning rate"),
    ("slider", "Learning rate"),
    ("textbox", "Learning rate value"),
    ("button", "Divide learning rate by 10"),
    ("button", "Halve learning rate"),
    ("button", "Double learning rate"),
    ("button", "Apply learning rate"),
    ("button", "Reset learning rate"),
    ("group", "Momentum"),
    ("slider", "Momentum"),
    ("textbox", "Momentum value"),
    ("checkbox", "Keep step size when momentum changes"),
    ("button", "Apply momentum"),
    ("combobox", "Batch size"),
    ("button", "Apply batch size"),
    ("button", "Tier 3 settings"),
    ("region", "Cost"),
    ("region", "Learning curves"),
    ("region", "Checkpoints and branches"),
    ("region", "Journal"),
    ("figure", "Cost chart"),
    ("figure", "Learning rate strip"),
    ("figure", "Momentum strip"),
    ("figure", "Accuracy chart"),
    ("button", "View cost as table"),
    ("combobox", "Horizontal axis"),
    ("button", "Logarithmic vertical axis"),
    ("slider", "Smoothing"),
    ("button", "Freeze charts"),
    ("tree", "Checkpoints"),
    ("button", "Rewind to checkpoint"),
    ("button", "Fork from checkpoint"),
    ("button", "Search from checkpoint"),
    ("log", "Change journal"),
    ("button", "Undo last change"),
    ("textbox", "Note"),
    ("button", "Add note"),
    ("switch", "Dark theme"),
    ("button", "New run"),
]


def test_everything_is_found_by_its_role_and_name(screen: Screen, slow_run: int) -> None:
    screen.open_run(slow_run)
    screen.server.command(slow_run, "save_checkpoint")
    expect(screen.checkpoints.first).to_be_visible()

    counts = {
        (role, name): screen.page.get_by_role(role, name=name, exact=True).count()  # type: ignore[arg-type]
        for role, name in NAMES
    }

    assert {key: count for key, count in counts.items() if count != 1} == {}


def test_the_first_tab_stop_skips_to_the_charts(screen: Screen, slow_run: int) -> None:
    screen.open_run(slow_run)

    screen.page.keyboard.press("Tab")

    skip = screen.page.get_by_role("link", name="Skip to charts", exact=True)
    expect(skip).to_be_focused()


def test_the_theme_follows_the_system(screen: Screen, slow_run: int) -> None:
    switch = screen.page.get_by_role("switch", name="Dark theme")

    screen.page.emulate_media(color_scheme="dark")
    screen.open_run(slow_run)
    expect(switch).to_be_checked()
    screen.page.emulate_media(color_scheme="light")

    expect(switch).not_to_be_checked()
