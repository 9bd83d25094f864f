"""A marker on a curve opens a card beside it: what changed, what came of it, and the ways back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.screen import Screen

pytestmark = pytest.mark.sampled(4)


@pytest.fixture
def changed(screen: Screen, slow_run: int) -> dict[str, Any]:
    """The one change of a run that is open on the page; 30 steps were made with it.

    The run pauses, so that its axis does not grow between a look at a marker and the press.
    """
    screen.server.wait_for_step(slow_run, 60)
    screen.server.command(slow_run, "set", values={"learning_rate": 0.02})
    event: dict[str, Any] = screen.server.events(slow_run, "changed")[0]
    screen.server.wait_for_step(slow_run, event["effective_step"] + 30)
    screen.server.command(slow_run, "pause")
    screen.open_run(slow_run)
    screen.wait_for_chart("cost", markers=1)
    return event


def marker(screen: Screen, step: int) -> Locator:
    return screen.page.get_by_role("button", name=re.compile(f"^Step {step:,}: Learning rate"))


def card(screen: Screen, step: int) -> Locator:
    return screen.page.get_by_role("dialog", name=f"Change at step {step:,}", exact=True)


def test_a_press_on_a_marker_says_what_changed_without_scrolling(
    screen: Screen, changed: dict[str, Any]
) -> None:
    marker(screen, changed["effective_step"]).click()

    shown = card(screen, changed["effective_step"])
    expect(shown).to_be_focused()
    expect(shown).to_contain_text("Learning rate 0.05 → 0.02")
    expect(shown).to_contain_text("you")
    expect(shown).to_contain_text(re.compile(r"steps later.*: train [\d.]+ → [\d.]+"))
    assert screen.page.evaluate("scrollY") == 0


def test_the_keyboard_opens_the_card_and_escape_returns_to_the_marker(
    screen: Screen, changed: dict[str, Any]
) -> None:
    marker(screen, changed["effective_step"]).focus()
    screen.page.keyboard.press("Enter")
    expect(card(screen, changed["effective_step"])).to_be_visible()

    screen.page.keyboard.press("Escape")

    expect(card(screen, changed["effective_step"])).to_have_count(0)
    expect(marker(screen, changed["effective_step"])).to_be_focused()


def test_the_old_value_is_put_back_from_the_card(screen: Screen, changed: dict[str, Any]) -> None:
    marker(screen, changed["effective_step"]).click()

    card(screen, changed["effective_step"]).get_by_role("button", name="Put value back").click()

    run = changed["run_id"]
    back = screen.server.wait_until(
        lambda: screen.server.events(run, "changed")[1:], "the value is put back"
    )
    assert back[0]["note"] == "reverted"
    assert screen.server.run(run)["values"]["learning_rate"] == 0.05


def test_the_card_takes_the_run_back_to_before_the_change(
    screen: Screen, changed: dict[str, Any]
) -> None:
    marker(screen, changed["effective_step"]).click()

    card(screen, changed["effective_step"]).get_by_role("button", name="Rewind to before").click()

    branch = screen.server.run(screen.wait_for_another_run(changed["run_id"]))
    assert branch["parent"]["step"] == changed["step"]
    assert branch["values"]["learning_rate"] == 0.05


def test_the_reason_is_given_in_the_card_and_stands_there_afterwards(
    screen: Screen, changed: dict[str, Any]
) -> None:
    marker(screen, changed["effective_step"]).click()
    card(screen, changed["effective_step"]).get_by_role("button", name="bouncing").click()
    expect(screen.journal).to_contain_text("bouncing")

    marker(screen, changed["effective_step"]).click()

    expect(card(screen, changed["effective_step"])).to_contain_text("“bouncing”")


def test_the_card_leads_to_the_journal(screen: Screen, changed: dict[str, Any]) -> None:
    marker(screen, changed["effective_step"]).click()

    card(screen, changed["effective_step"]).get_by_role("button", name="Open in journal").click()

    entry = screen.journal.get_by_role("article").filter(has_text="Learning rate 0.05 → 0.02")
    expect(entry).to_be_in_viewport()


def test_changes_in_one_place_are_listed_in_one_card(screen: Screen, slow_run: int) -> None:
    screen.server.command(slow_run, "pause")
    for rate in (0.02, 0.01):
        screen.server.command(slow_run, "set", values={"learning_rate": rate})
    screen.open_run(slow_run)
    screen.wait_for_chart("cost", markers=2)

    screen.page.get_by_role("button", name=re.compile("^2 changes up to step")).click()

    shown = screen.page.get_by_role("dialog", name="2 changes", exact=True)
    expect(shown).to_contain_text("Learning rate 0.05 → 0.02")
    expect(shown).to_contain_text("Learning rate 0.02 → 0.01")
