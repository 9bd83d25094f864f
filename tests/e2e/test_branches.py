"""Forking and rewinding: a new branch, stitched curves, nothing overwritten."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.screen import Screen

pytestmark = pytest.mark.sampled(5)

SAVED_AT = 200


@pytest.fixture
def parent(screen: Screen) -> dict[str, Any]:
    """A run that is paused beyond step 300, with a checkpoint at 200."""
    server = screen.server
    run = server.start_run("spirals", steps=10_000, max_steps_per_s=400)
    server.command(run["id"], "set", values={"learning_rate": 0.02}, at_step=SAVED_AT)
    server.wait_for_step(run["id"], SAVED_AT + 100)
    server.command(run["id"], "pause")
    screen.open_run(run["id"])
    return server.run(run["id"])


def select_checkpoint(screen: Screen, step: int) -> None:
    item = screen.page.get_by_role("treeitem", name=f"Checkpoint step {step}").first
    item.click()
    expect(item).to_have_attribute("aria-selected", "true")


def curve(screen: Screen, run_id: int, *, family: bool) -> dict[str, list[float]]:
    answer = screen.server.client.get(
        f"/api/runs/{run_id}/curves",
        params={"series": "train/cost", "points": 100_000, "family": family},
    )
    found: dict[str, list[float]] = answer.json()["series"]["train/cost"]
    return found


def test_a_fork_goes_on_with_other_values_and_leaves_its_parent_alone(
    screen: Screen, parent: dict[str, Any]
) -> None:
    parents_curve = curve(screen, parent["id"], family=False)
    select_checkpoint(screen, SAVED_AT)

    screen.button("Fork from checkpoint").click()
    dialog = screen.page.get_by_role("dialog", name=f"Fork from step {SAVED_AT}")
    dialog.get_by_label("Learning rate", exact=False).first.fill("0.1")
    dialog.get_by_label("Name", exact=True).fill("faster")
    dialog.get_by_role("button", name="Start fork").click()

    fork = screen.server.run(screen.wait_for_another_run(than=parent["id"]))
    assert fork["name"] == "faster"
    assert fork["parent"]["run_id"] == parent["id"]
    assert fork["parent"]["step"] == SAVED_AT
    screen.server.wait_for_step(fork["id"], SAVED_AT + 50)
    assert screen.server.run(fork["id"])["effective"]["learning_rate"] == pytest.approx(0.1)
    # the parent is what it was
    assert screen.server.run(parent["id"])["step"] == parent["step"]
    assert screen.server.run(parent["id"])["status"] == "paused"
    assert curve(screen, parent["id"], family=False) == parents_curve


def test_a_fork_shows_what_the_branch_begins_with_and_beside_it_what_the_run_has_now(
    screen: Screen, parent: dict[str, Any]
) -> None:
    server = screen.server
    assert server.run(parent["id"])["values"]["learning_rate"] == 0.02
    start = server.client.get(f"/api/runs/{parent['id']}/checkpoints").json()[0]
    first = start["values"]["learning_rate"]
    select_checkpoint(screen, 0)

    screen.button("Fork from checkpoint").click()
    dialog = screen.page.get_by_role("dialog", name="Fork from step 0")
    field = dialog.get_by_label("Learning rate", exact=False).first
    expect(field).to_have_value(f"{first:g}")
    expect(dialog).to_contain_text("Now 0.02.")
    dialog.get_by_label("Start paused").check()
    dialog.get_by_role("button", name="Start fork").click()

    fork = screen.wait_for_another_run(than=parent["id"])
    expect(screen.status).to_have_text("Paused")
    assert server.run(fork)["values"]["learning_rate"] == first
    screen.button("Train 10 steps").click()
    server.wait_for_step(fork, 10)
    rates = server.client.get(f"/api/runs/{fork}/curves?series=learning_rate").json()["series"]
    assert rates["learning_rate"]["value"] == [first] * 10
    server.wait_for_status(fork, "paused")


def test_a_rewound_branch_does_not_list_the_change_that_going_back_has_undone(
    screen: Screen, parent: dict[str, Any]
) -> None:
    expect(screen.journal).to_contain_text("→ 0.02")
    screen.button("Undo last change").click()
    screen.page.get_by_role("menuitem", name="Rewind to before").click()

    screen.wait_for_another_run(than=parent["id"])
    screen.wait_for_chart("cost", points=SAVED_AT)
    expect(screen.status).to_have_text("Training")

    expect(screen.journal).not_to_contain_text("→ 0.02")
    assert screen.chart("cost")["markers"] == 1  # where it left its parent


def test_the_curves_of_a_branch_begin_with_its_parents(
    screen: Screen, parent: dict[str, Any]
) -> None:
    select_checkpoint(screen, SAVED_AT)
    screen.button("Fork from checkpoint").click()
    screen.page.get_by_role("dialog").get_by_role("button", name="Start fork").click()
    fork = screen.wait_for_another_run(than=parent["id"])
    screen.server.wait_for_step(fork, SAVED_AT + 20)

    concatenate_segments = curve(screen, fork, family=True)

    assert concatenate_segments["step"] == list(range(1, len(concatenate_segments["step"]) + 1))
    parents = curve(screen, parent["id"], family=False)
    assert concatenate_segments["value"][:SAVED_AT] == parents["value"][:SAVED_AT]
    screen.wait_for_chart("cost", points=SAVED_AT + 20)


def test_the_tree_shows_every_branch(screen: Screen, parent: dict[str, Any]) -> None:
    for name in ("left", "right"):
        screen.open_run(parent["id"])
        select_checkpoint(screen, SAVED_AT)
        screen.button("Fork from checkpoint").click()
        dialog = screen.page.get_by_role("dialog")
        dialog.get_by_label("Name", exact=True).fill(name)
        dialog.get_by_role("button", name="Start fork").click()
        screen.wait_for_another_run(than=parent["id"])

    for name in (parent["name"], "left", "right"):
        expect(screen.checkpoints.filter(has_text=name).first).to_be_visible()


def test_rewind_makes_a_live_branch_and_stops_the_one_it_left(
    screen: Screen, parent: dict[str, Any]
) -> None:
    select_checkpoint(screen, SAVED_AT)

    screen.button("Rewind to checkpoint").click()

    branch = screen.server.run(screen.wait_for_another_run(than=parent["id"]))
    assert branch["live"] is True
    assert branch["parent"]["step"] == SAVED_AT
    left = screen.server.wait_for_status(parent["id"], "stopped")
    assert left["live"] is False
    assert left["step"] == parent["step"]
    toast = screen.page.get_by_role("region", name="Notifications")
    expect(toast).to_contain_text(f"Went back to step {SAVED_AT}")


def test_undo_can_rewind_to_before_the_change(screen: Screen, parent: dict[str, Any]) -> None:
    screen.button("Undo last change").click()
    screen.page.get_by_role("menuitem", name="Rewind to before").click()

    branch = screen.server.run(screen.wait_for_another_run(than=parent["id"]))
    assert branch["parent"]["step"] == SAVED_AT
    before = screen.server.events(parent["id"], "changed")[0]["before"]["learning_rate"]
    assert branch["values"]["learning_rate"] == pytest.approx(before)


def test_a_fork_without_changes_repeats_its_parent_to_the_last_bit(
    screen: Screen, parent: dict[str, Any]
) -> None:
    # the newest checkpoint at 200 was written before the change: this one is after it
    server = screen.server
    server.command(parent["id"], "resume")
    server.command(parent["id"], "save_checkpoint")
    every = server.client.get(f"/api/runs/{parent['id']}/checkpoints").json()
    saved = next(one for one in every if one["cause"] == "user")
    server.wait_for_step(parent["id"], saved["step"] + 50)
    select_checkpoint(screen, saved["step"])

    screen.button("Fork from checkpoint").click()
    screen.page.get_by_role("dialog").get_by_role("button", name="Start fork").click()

    fork = screen.wait_for_another_run(than=parent["id"])
    server.wait_for_step(fork, saved["step"] + 50)
    parents, forks = curve(screen, parent["id"], family=False), curve(screen, fork, family=False)
    same = slice(saved["step"], saved["step"] + 50)
    assert forks["step"][:50] == parents["step"][same]
    assert forks["value"][:50] == parents["value"][same]


def test_other_branches_are_named_hidden_and_opened_from_the_chart(
    screen: Screen, parent: dict[str, Any]
) -> None:
    answer = screen.server.client.get(f"/api/runs/{parent['id']}/checkpoints")
    checkpoint = next(one for one in answer.json() if one["step"] == SAVED_AT)
    body = {"name": "the other one", "paused": True}
    answer = screen.server.client.post(f"/api/checkpoints/{checkpoint['id']}/fork", json=body)
    branch = answer.json()["id"]
    screen.open_run(branch)
    legend = screen.page.get_by_role("list", name="Branches on the chart", exact=True)
    expect(legend).to_contain_text(f"{parent['name']} from {checkpoint['step']:,} · val")

    screen.button(f"Hide branch {parent['name']}").click()
    expect(screen.button(f"Show branch {parent['name']}")).to_be_visible()
    legend.get_by_role("link").click()

    assert screen.wait_for_another_run(branch) == parent["id"]
