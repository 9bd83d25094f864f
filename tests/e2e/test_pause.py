"""Pause, resume, stop, extend, save, evaluate: what the buttons say is what happens."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.screen import Screen

pytestmark = pytest.mark.sampled(7)


def test_pause_holds_the_step_until_resume(screen: Screen, slow_run: int) -> None:
    screen.open_run(slow_run)

    screen.button("Pause training").click()
    expect(screen.status).to_have_text("Paused")
    paused = screen.server.wait_for_status(slow_run, "paused")
    saved = screen.server.events(slow_run, "checkpoint_saved")
    assert (saved[-1]["cause"], saved[-1]["step"]) == ("pause", paused["step"])

    screen.button("Resume training").click()
    expect(screen.status).to_have_text("Training")
    screen.server.wait_for_step(slow_run, paused["step"] + 5)
    # no step was made in between
    recorded = screen.server.client.get(
        f"/api/runs/{slow_run}/curves", params={"series": "train/cost", "points": 100_000}
    ).json()["series"]["train/cost"]["step"]
    assert recorded == list(range(1, len(recorded) + 1))


def test_the_space_bar_pauses_and_resumes(screen: Screen, slow_run: int) -> None:
    screen.open_run(slow_run)

    screen.page.keyboard.press("Space")
    expect(screen.status).to_have_text("Paused")
    screen.page.keyboard.press("Space")

    expect(screen.status).to_have_text("Training")


def test_stop_saves_and_a_press_of_resume_goes_on_from_there(screen: Screen, slow_run: int) -> None:
    screen.open_run(slow_run)

    screen.button("Stop training").click()
    expect(screen.status).to_have_text("Stopped")
    stopped = screen.server.run(slow_run)
    saved = screen.server.events(slow_run, "checkpoint_saved")
    assert (saved[-1]["cause"], saved[-1]["step"]) == ("end", stopped["step"])

    toast = screen.page.get_by_role("region", name="Notifications")
    toast.get_by_role("button", name="Resume", exact=True).click()

    continued = screen.server.run(screen.wait_for_another_run(than=slow_run))
    assert continued["parent"]["run_id"] == slow_run
    assert continued["parent"]["step"] == stopped["step"]
    screen.server.wait_for_step(continued["id"], stopped["step"] + 5)


def test_extend_moves_the_last_step(screen: Screen, slow_run: int) -> None:
    screen.open_run(slow_run)

    screen.button("Extend").click()
    screen.page.get_by_role("menuitem", name="By 1,000 steps").click()

    def extended() -> bool:
        steps: int = screen.server.run(slow_run)["steps"]
        return steps == 101_000

    screen.server.wait_until(extended, "the run has 101,000 steps")


def test_save_checkpoint_adds_one_to_the_list(screen: Screen, slow_run: int) -> None:
    screen.open_run(slow_run)

    screen.button("Save checkpoint").click()

    def saved() -> list[dict[str, object]]:
        every = screen.server.client.get(f"/api/runs/{slow_run}/checkpoints").json()
        return [one for one in every if one["cause"] == "user"]

    step = screen.server.wait_until(saved, "a checkpoint of the user's")[0]["step"]
    expect(screen.checkpoints.filter(has_text=f"{step:,}").first).to_be_visible()


def test_evaluate_now_measures_at_this_step(screen: Screen, slow_run: int) -> None:
    screen.server.command(slow_run, "pause")
    step = screen.server.run(slow_run)["step"]
    screen.open_run(slow_run)

    screen.button("Evaluate now").click()

    def measured() -> bool:
        curve = screen.server.client.get(
            f"/api/runs/{slow_run}/curves", params={"series": "val/cost", "points": 100_000}
        ).json()["series"]
        return step in curve.get("val/cost", {"step": []})["step"]

    screen.server.wait_until(measured, f"val/cost at step {step}")


def test_a_change_while_paused_is_applied_before_resume(screen: Screen, slow_run: int) -> None:
    screen.open_run(slow_run)
    screen.button("Pause training").click()
    expect(screen.status).to_have_text("Paused")
    step = screen.server.wait_for_status(slow_run, "paused")["step"]

    screen.button("Halve learning rate").click()

    screen.wait_for_chart("cost", markers=1)
    event = screen.server.events(slow_run, "changed")[0]
    assert event["step"] == step
    assert screen.server.run(slow_run)["status"] == "paused"


def test_a_cost_that_is_no_number_pauses_the_run_and_the_page_says_where(screen: Screen) -> None:
    run = screen.server.start_run("diabetes", steps=5000, values={"learning_rate": 10.0})
    screen.server.wait_for_status(run["id"], "paused")
    screen.open_run(run["id"], points=1)

    expect(screen.status).to_contain_text("Auto-paused")
    alert = screen.page.get_by_role("alert", name="Alerts")
    step = screen.server.events(run["id"], "guard_tripped")[0]["step"]
    expect(alert).to_contain_text(f"paused at step {step:,}")
    expect(alert.get_by_role("button", name="Rewind and use lr")).to_be_visible()


def test_a_cost_that_blows_up_pauses_and_can_be_continued_anyway(screen: Screen) -> None:
    run = screen.server.start_run("spirals", steps=3_000, max_steps_per_s=400)
    screen.open_run(run["id"], points=50)
    screen.type_value("Learning rate value", "5")
    alert = screen.page.get_by_role("alert", name="Alerts")
    expect(alert).to_contain_text("times its starting value")
    expect(screen.status).to_have_text("Auto-paused: the cost blew up")
    at = screen.server.run(run["id"])["step"]

    screen.button("Continue anyway").click()

    screen.server.wait_for_step(run["id"], at + 50)
    expect(alert).to_be_empty()


@pytest.mark.quiet  # a second click that comes later is a press of "Resume"
def test_a_double_click_on_pause_leaves_the_run_paused(screen: Screen, slow_run: int) -> None:
    screen.open_run(slow_run)

    box = screen.button("Pause training").bounding_box()
    assert box is not None
    place = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    screen.page.mouse.click(*place)
    expect(screen.button("Resume training")).to_be_visible()
    screen.page.mouse.click(*place)

    expect(screen.status).to_have_text("Paused")
    screen.button("Save checkpoint").click()  # answered after whatever the clicks have asked for
    expect(screen.page.get_by_role("region", name="Notifications")).to_contain_text("saved")
    assert screen.server.run(slow_run)["status"] == "paused"


def test_the_pace_of_a_run_can_be_chosen_while_it_trains(screen: Screen, slow_run: int) -> None:
    screen.open_run(slow_run)

    screen.choose("Pace", "10")

    pace = screen.page.get_by_role("combobox", name="Pace")
    expect(pace).to_have_value("10")
    expect(screen.journal).to_contain_text("Pace 10 steps/s")
    assert screen.server.run(slow_run)["max_steps_per_s"] == 10
