"""The page uses the room that a window has, and covers nothing where there is little."""

from __future__ import annotations

from typing import cast

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.screen import Screen

pytestmark = pytest.mark.sampled(3)


def box(found: Locator) -> dict[str, float]:
    expect(found).to_be_visible()
    bounds = found.bounding_box()
    assert bounds is not None
    return cast("dict[str, float]", bounds)


def overlap(one: dict[str, float], other: dict[str, float]) -> bool:
    def apart(start: str, size: str) -> bool:
        return one[start] + one[size] <= other[start] or other[start] + other[size] <= one[start]

    return not (apart("x", "width") or apart("y", "height"))


def test_a_large_window_has_a_taller_chart_and_the_journal_beside_it(
    screen: Screen, slow_run: int
) -> None:
    screen.page.set_viewport_size({"width": 1920, "height": 1080})
    screen.open_run(slow_run)

    chart = box(screen.page.get_by_test_id("cost-chart"))
    tree = box(screen.region("Checkpoints and branches"))
    journal = box(screen.region("Journal"))
    assert chart["height"] >= 0.45 * 1080 - 1
    assert tree["x"] > chart["x"] + chart["width"]
    assert journal["x"] > chart["x"] + chart["width"]
    assert journal["y"] < 1080 - 100


def test_the_status_is_never_covered(screen: Screen, slow_run: int) -> None:
    others = [screen.button("New run"), screen.page.get_by_role("combobox", name="Run")]

    for width, height in ((720, 450), (1024, 700), (390, 844)):
        screen.page.set_viewport_size({"width": width, "height": height})
        screen.open_run(slow_run)
        for one in others:  # the status moves when the list of runs comes
            expect(one).to_be_visible()

        chip = box(screen.status)
        assert [one for one in others if overlap(chip, box(one))] == [], width
        assert chip["x"] + chip["width"] <= width


def test_a_low_window_has_all_quick_controls_in_one_row(screen: Screen, slow_run: int) -> None:
    screen.page.set_viewport_size({"width": 720, "height": 450})
    screen.open_run(slow_run)

    bar = box(screen.page.get_by_role("group", name="Quick controls"))

    assert bar["height"] < 70
    for name in ("Halve learning rate", "Double learning rate", "Pause training", "More"):
        expect(screen.button(name)).to_be_in_viewport(ratio=1)


def test_a_phone_asks_for_a_reason_only_when_it_is_wanted(screen: Screen, slow_run: int) -> None:
    screen.page.set_viewport_size({"width": 390, "height": 844})
    screen.open_run(slow_run)
    screen.button("Halve learning rate").click()
    notifications = screen.region("Notifications")
    expect(notifications).to_contain_text("Learning rate")
    expect(screen.textbox("Why?")).to_have_count(0)

    notifications.get_by_role("button", name="Why?").click()
    notifications.get_by_role("button", name="bouncing").click()

    note = screen.server.wait_until(
        lambda: screen.server.events(slow_run, "note_added"), "the reason is kept"
    )
    assert note[0]["text"] == "bouncing"


def test_a_dialog_is_as_wide_as_a_phone(screen: Screen, slow_run: int) -> None:
    screen.page.set_viewport_size({"width": 390, "height": 844})
    screen.open_run(slow_run)
    dialog = screen.page.get_by_role("dialog")

    for button in ("More", "New run"):
        screen.button(button).click()

        shown = box(dialog)
        assert (shown["x"], shown["width"]) == (0, 390), button
        screen.page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
