"""Starting a run of one's own: a task, its hyperparameters by tier, some changed, Start."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.screen import Screen, run_in

pytestmark = pytest.mark.sampled(4)


def choose_task(screen: Screen, name: str) -> Locator:
    """Open the dialog and choose a task by its short name; the dialog."""
    screen.button("New run").first.click()
    dialog = screen.page.get_by_role("dialog", name="New run")
    expect(dialog.get_by_text("Reading the tasks")).to_have_count(0, timeout=30_000)
    label = dialog.locator("label").filter(has=screen.page.get_by_text(name, exact=True))
    label.get_by_role("radio").check()
    return dialog


def test_a_run_starts_with_the_values_that_were_typed(screen: Screen) -> None:
    runs = screen.server.client.get("/api/runs").json()["runs"]
    newest = max((run["id"] for run in runs), default=0)
    screen.open()
    dialog = choose_task(screen, "digits")
    tiers = dialog.get_by_role("group")
    expect(tiers.filter(has_text="Tier 1")).to_be_visible()
    expect(tiers.filter(has_text="Tier 2")).to_be_visible()
    learning_rate = dialog.get_by_label("Learning rate", exact=False).first
    default = float(learning_rate.input_value())

    learning_rate.fill("3e-3")
    dialog.get_by_text("Tier 3").click()
    dialog.get_by_label("Weight decay", exact=False).first.fill("0.001")
    dialog.get_by_label("Steps", exact=True).fill("400")
    dialog.get_by_label("Name", exact=True).fill("slow and steady")
    dialog.get_by_role("button", name="Start training").click()

    screen.page.wait_for_url(lambda url: run_in(url) > newest)
    run = screen.server.run(screen.run_id)
    screen.wait_for_chart("cost", points=2)
    assert default != 3e-3
    assert run["task"] == "digits"
    assert run["name"] == "slow and steady"
    assert run["steps"] == 400
    assert run["values"]["learning_rate"] == 3e-3
    assert run["values"]["weight_decay"] == 0.001
    expect(screen.status).to_have_text("Finished", timeout=30_000)


def test_a_value_out_of_range_is_said_beside_its_field_and_nothing_starts(screen: Screen) -> None:
    before = screen.server.client.get("/api/runs").json()["runs"][:1]
    screen.open()
    dialog = choose_task(screen, "spirals")

    dialog.get_by_label("Learning rate", exact=False).first.fill("12")
    dialog.get_by_role("button", name="Start training").click()

    expect(dialog.get_by_role("alert")).to_contain_text(re.compile("at most 10|limit of 10"))
    assert screen.server.client.get("/api/runs").json()["runs"][:1] == before


def test_every_shipped_task_is_offered(screen: Screen) -> None:
    screen.open()
    screen.button("New run").first.click()
    dialog = screen.page.get_by_role("dialog", name="New run")

    for name in ("spirals", "digits", "digits-cnn", "diabetes", "char-gpt"):
        expect(dialog.get_by_text(name, exact=True)).to_be_visible(timeout=60_000)


def test_steps_and_seed_are_checked_on_the_page(screen: Screen) -> None:
    before = screen.server.client.get("/api/runs").json()["runs"][:1]
    screen.open()
    dialog = choose_task(screen, "digits")
    expect(dialog.get_by_text("1,797 real examples. 1,438 training examples.")).to_be_visible()

    dialog.get_by_label("Steps", exact=True).fill("-5")
    dialog.get_by_label("Seed", exact=True).fill("0,5")
    dialog.get_by_role("button", name="Start training").click()

    expect(dialog.get_by_text("-5 is below the limit of 1.")).to_be_visible()
    expect(dialog.get_by_text("Write 0.5 with a point")).to_be_visible()
    assert screen.server.client.get("/api/runs").json()["runs"][:1] == before


def test_a_run_that_would_be_over_at_once_is_offered_a_slower_pace(screen: Screen) -> None:
    timed = screen.server.start_run("digits", steps=300)
    screen.server.wait_for_status(timed["id"], "finished")
    screen.open_run(timed["id"])
    dialog = choose_task(screen, "digits")
    pace = dialog.get_by_label("Pace", exact=True)
    expect(pace).to_have_value("200")
    expect(dialog.get_by_text("at full speed: too short to steer.")).to_be_visible()

    dialog.get_by_label("Steps", exact=True).fill("5000000")
    expect(pace).to_have_value("0")
    dialog.get_by_label("Steps", exact=True).fill("500")
    dialog.get_by_label("Start paused", exact=True).check()
    dialog.get_by_role("button", name="Start training").click()

    run = screen.server.run(screen.wait_for_another_run(timed["id"]))
    assert run["max_steps_per_s"] == 200


def test_a_pace_that_was_chosen_stays_whatever_the_steps(screen: Screen) -> None:
    screen.open_run(screen.server.start_run("digits", steps=50)["id"])
    before = screen.run_id
    dialog = choose_task(screen, "digits")

    dialog.get_by_label("Pace", exact=True).select_option("0")
    dialog.get_by_label("Steps", exact=True).fill("100")
    dialog.get_by_role("button", name="Start training").click()

    assert screen.server.run(screen.wait_for_another_run(before))["max_steps_per_s"] is None


def test_the_focus_is_on_pause_after_a_start(screen: Screen) -> None:
    screen.open_run(screen.server.start_run("digits", steps=50)["id"])
    before = screen.run_id
    dialog = choose_task(screen, "digits")

    dialog.get_by_label("Pace", exact=True).select_option("10")
    dialog.get_by_role("button", name="Start training").click()

    screen.wait_for_another_run(before)
    expect(screen.button("Pause training")).to_be_focused()
