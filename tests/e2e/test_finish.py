"""A run that is over says what it came to, and what can follow from it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.screen import Screen

pytestmark = pytest.mark.sampled(2)


@pytest.fixture
def over(screen: Screen) -> dict[str, Any]:
    """A run that is over, and whose best came before its end; open on the page."""
    run = screen.server.start_run("digits", steps=200, max_steps_per_s=400, paused=True)
    screen.server.wait_for_status(run["id"], "paused")
    spoilt = {"kind": "set", "values": {"learning_rate": 1.0}, "at_step": 100}
    path = f"/api/runs/{run['id']}/commands"
    screen.server.client.post(path, json=spoilt).raise_for_status()
    screen.server.command(run["id"], "resume")
    run = screen.server.wait_for_status(run["id"], "finished", "paused")
    if run["status"] == "paused":  # it blew up at once
        screen.server.command(run["id"], "stop")
        run = screen.server.wait_for_status(run["id"], "stopped")
    screen.open_run(run["id"])
    return run


def test_the_result_names_the_best_and_how_much_worse_the_end_is(
    screen: Screen, over: dict[str, Any]
) -> None:
    result = screen.region("Result")

    expect(result).to_contain_text(re.compile(rf"(Finished|Stopped after) {over['step']} steps in"))
    expect(result).to_contain_text(
        re.compile(rf"Best val [\d.]+ at {over['best']['step']}; the end is .*% worse")
    )


def test_the_best_is_kept_and_continued_from_the_result(
    screen: Screen, over: dict[str, Any]
) -> None:
    result = screen.region("Result")

    result.get_by_role("button", name="Keep best", exact=True).click()
    expect(result.get_by_role("button", name="Best is kept", exact=True)).to_be_visible()
    result.get_by_role("button", name="Continue from best", exact=True).click()

    branch = screen.server.run(screen.wait_for_another_run(over["id"]))
    assert branch["parent"]["step"] == over["best"]["step"]
    assert branch["live"] is True


def test_a_control_of_a_run_that_is_over_stages_a_fork_of_its_end(
    screen: Screen, over: dict[str, Any]
) -> None:
    screen.textbox("Learning rate value").fill("0.005")
    screen.button("Fork with this learning rate").click()
    dialog = screen.page.get_by_role("dialog", name=re.compile("^Fork from step"))
    expect(dialog.get_by_label(re.compile("^Learning rate")).first).to_have_value("0.005")
    dialog.get_by_label("Steps", exact=True).fill("400")
    dialog.get_by_label("Start paused", exact=True).check()
    dialog.get_by_role("button", name="Start fork").click()

    branch = screen.server.run(screen.wait_for_another_run(over["id"]))
    assert branch["parent"]["step"] == over["step"]
    assert branch["values"]["learning_rate"] == 0.005


def test_a_phone_shows_the_result_above_the_curves(screen: Screen, over: dict[str, Any]) -> None:
    screen.page.set_viewport_size({"width": 390, "height": 844})
    screen.open_run(over["id"])

    expect(screen.region("Result")).to_be_in_viewport()
