"""Before a value is applied, its control says what it would do, and warns."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.screen import Screen

pytestmark = pytest.mark.sampled(2)


@pytest.fixture
def run_id(screen: Screen) -> int:
    run = screen.server.start_run(
        "spirals", steps=100_000, max_steps_per_s=100, values={"learning_rate": 0.01}
    )
    screen.server.wait_for_step(run["id"], 60)
    screen.open_run(run["id"])
    return int(run["id"])


def group(screen: Screen, name: str) -> Locator:
    return screen.page.get_by_role("group", name=name, exact=True)


def test_a_step_that_is_too_large_is_warned_of(screen: Screen, run_id: int) -> None:
    zone = group(screen, "Learning rate").locator("[data-part=zone]")
    screen.textbox("Learning rate value").fill("0.012")
    expect(zone).to_have_attribute("data-tone", re.compile("good|busy"))

    screen.textbox("Learning rate value").fill("10")

    expect(zone).to_have_text("very large")
    expect(zone).to_have_attribute("data-tone", "problem")
    expect(group(screen, "Learning rate")).to_contain_text(
        "10 is 1,000 times the highest learning rate that worked here (0.01)."
    )


def test_a_factor_is_previewed_while_it_is_typed(screen: Screen, run_id: int) -> None:
    for typed, result in (("x2", "0.02"), ("/10", "0.001")):
        screen.textbox("Learning rate value").fill(typed)

        expect(group(screen, "Learning rate")).to_contain_text(f"→ {result}: step size")
    assert screen.server.events(run_id, "changed") == []


def test_a_batch_size_takes_the_learning_rate_along_if_asked(screen: Screen, run_id: int) -> None:
    screen.choose("Batch size", "128")
    screen.page.get_by_label("Also scale the learning rate ×4, to 0.04").check()
    screen.button("Apply batch size").click()

    event = screen.server.wait_until(
        lambda: screen.server.events(run_id, "changed"), "the batch size is changed"
    )[0]
    assert event["values"]["batch_size"] == 128
    assert event["values"]["learning_rate"] == 0.04
    assert event["effective_step"] == event["step"] + 1
