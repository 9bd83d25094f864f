"""The page uses the room that a window has, and covers nothing where there is little."""

from __future__ import annotations

from typing import cast

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.screen import Screen, opened


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
    browser: Browser, screen: Screen, slow_run: int
) -> None:
    with opened(browser, screen.server, viewport={"width": 1920, "height": 1080}) as large:
        large.open_run(slow_run)

        chart = box(large.page.get_by_test_id("cost-chart"))
        tree = box(large.region("Checkpoints and branches"))
        journal = box(large.region("Journal"))
        assert chart["height"] >= 0.45 * 1080 - 1
        assert tree["x"] > chart["x"] + chart["width"]
        assert journal["x"] > chart["x"] + chart["width"]
        assert journal["y"] < 1080 - 100


@pytest.mark.parametrize(("width", "height"), [(720, 450), (1024, 700), (390, 844)])
def test_the_status_is_never_covered(
    browser: Browser, screen: Screen, slow_run: int, width: int, height: int
) -> None:
    with opened(browser, screen.server, viewport={"width": width, "height": height}) as small:
        small.open_run(slow_run)

        chip = box(small.status)
        others = [small.button("New run"), small.page.get_by_role("combobox", name="Run")]
        assert [one for one in others if overlap(chip, box(one))] == []
        assert chip["x"] + chip["width"] <= width


def test_a_low_window_has_all_quick_controls_in_one_row(
    browser: Browser, screen: Screen, slow_run: int
) -> None:
    with opened(browser, screen.server, viewport={"width": 720, "height": 450}) as low:
        low.open_run(slow_run)

        bar = box(low.page.get_by_role("group", name="Quick controls"))

        assert bar["height"] < 70
        for name in ("Halve learning rate", "Double learning rate", "Pause training", "More"):
            expect(low.button(name)).to_be_in_viewport(ratio=1)


def test_a_phone_asks_for_a_reason_only_when_it_is_wanted(
    browser: Browser, screen: Screen, slow_run: int
) -> None:
    with opened(browser, screen.server, viewport={"width": 390, "height": 844}) as phone:
        phone.open_run(slow_run)
        phone.button("Halve learning rate").click()
        notifications = phone.region("Notifications")
        expect(notifications).to_contain_text("Learning rate")
        expect(phone.textbox("Why?")).to_have_count(0)

        notifications.get_by_role("button", name="Why?").click()
        notifications.get_by_role("button", name="bouncing").click()

        note = phone.server.wait_until(
            lambda: phone.server.events(slow_run, "note_added"), "the reason is kept"
        )
        assert note[0]["text"] == "bouncing"


@pytest.mark.parametrize("button", ["More", "New run"])
def test_a_dialog_is_as_wide_as_a_phone(
    browser: Browser, screen: Screen, slow_run: int, button: str
) -> None:
    with opened(browser, screen.server, viewport={"width": 390, "height": 844}) as phone:
        phone.open_run(slow_run)

        phone.button(button).click()

        dialog = box(phone.page.get_by_role("dialog"))
        assert (dialog["x"], dialog["width"]) == (0, 390)
