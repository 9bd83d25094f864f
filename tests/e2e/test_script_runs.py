"""A run of somebody's own script is watched and steered as any other, by what it declares."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.screen import Screen
from tests.live_server import MARK, LiveServer

pytestmark = pytest.mark.sampled(4)

SCRIPT = Path(__file__).parent / "trainings" / "steered.py"
COMMENT = "it's mine"
Start = Callable[..., tuple[int, subprocess.Popen[bytes]]]


def started(server: LiveServer, cwd: Path, *arguments: str) -> tuple[int, subprocess.Popen[bytes]]:
    """The script's run beside the server, and its process."""
    known = {run["id"] for run in newest(server)}
    inherited = {name: value for name, value in os.environ.items() if "BABYSIT_" not in name}
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), "--comment", COMMENT, *arguments],
        cwd=cwd,
        env=inherited | {"BABYSIT_DATA_DIR": str(server.data_dir), MARK: server.mark},
        stdout=subprocess.DEVNULL,
    )

    def look() -> int:
        return max({run["id"] for run in newest(server)} - known, default=0)

    return server.wait_until(look, "the script's run"), process


@pytest.fixture
def start(server: LiveServer, tmp_path: Path) -> Iterator[Start]:
    """Starts the script, and ends its process after the test."""
    processes: list[subprocess.Popen[bytes]] = []

    def run(*arguments: str) -> tuple[int, subprocess.Popen[bytes]]:
        run_id, process = started(server, tmp_path, *arguments)
        processes.append(process)
        return run_id, process

    yield run
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("own")


@pytest.fixture(scope="module")
def run_that_is_over(shared_server: LiveServer, folder: Path) -> int:
    """A run of the script that made some steps; its start takes longer than a look at it."""
    run_id, process = started(shared_server, folder)
    shared_server.wait_for_step(run_id, 25)
    shared_server.command(run_id, "stop")
    process.wait(60)
    shared_server.wait_for_status(run_id, "stopped")
    return run_id


def newest(server: LiveServer) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = server.client.get("/api/runs", params={"limit": 10}).json()["runs"]
    return runs


@pytest.fixture
def run_id(screen: Screen, start: Start) -> int:
    """The script's run, open on the page."""
    run_id, _ = start()
    screen.server.wait_for_step(run_id, 15)
    screen.open_run(run_id)
    return run_id


def group(screen: Screen, name: str) -> Locator:
    return screen.page.get_by_role("group", name=name, exact=True)


def changed(screen: Screen, run_id: int, number: int) -> dict[str, Any]:
    """The `number`-th change of the run, when it has happened."""

    def look() -> dict[str, Any] | None:
        events = screen.server.events(run_id, "changed")
        return events[number - 1] if len(events) >= number else None

    return screen.server.wait_until(look, f"change {number}")


def test_the_controls_are_those_that_the_script_declares(
    screen: Screen, run_that_is_over: int
) -> None:
    screen.open_run(run_that_is_over)
    shown = [
        "Learning rate factor",
        "Learning rate (group 0)",
        "Learning rate (group 1)",
        "Momentum",
        "prior",
    ]
    absent = ["Evaluate now", "Search around this run", "New run like this"]

    for name in shown:
        expect(group(screen, name)).to_be_visible()
    screen.button("Tier 3 settings").click()

    expect(group(screen, "Weight decay (group 1)")).to_be_visible()
    expect(group(screen, "kl_weight").get_by_text("live", exact=True)).to_be_visible()
    expect(group(screen, "Only by a fork").get_by_role("group", name="hidden")).to_be_visible()
    expect(group(screen, "hidden")).to_have_count(1)  # not beside those that act at once
    expect(screen.page.get_by_role("combobox", name="Batch size")).to_have_count(0)
    for name in absent:
        expect(screen.page.get_by_text(name)).to_have_count(0)
        expect(screen.button(name)).to_have_count(0)


def test_what_the_script_declares_later_is_shown_at_once(
    screen: Screen, start: Start, tmp_path: Path
) -> None:
    flag = tmp_path / "go"
    run_id, _ = start("--wait-for", str(flag))
    screen.open(f"/?run={run_id}")
    only_by_fork = group(screen, "Only by a fork").get_by_role("group", name="kl_weight")
    expect(only_by_fork).to_be_visible()

    flag.touch()

    expect(only_by_fork).to_have_count(0)
    screen.button("Tier 3 settings").click()
    expect(group(screen, "kl_weight").get_by_role("button", name="Apply kl_weight")).to_be_visible()


def test_a_factor_on_the_schedule_is_set_told_undone_and_released(
    screen: Screen, run_id: int
) -> None:
    name = "learning_rate.0"
    control = group(screen, "Learning rate (group 0)")
    expect(control).to_contain_text("As the script says")

    screen.button("Halve learning rate (group 0)").click()
    halved = changed(screen, run_id, 1)
    assert halved["after"][name] == pytest.approx(halved["before"][name] / 2, rel=0.01)
    expect(screen.journal).to_contain_text("(× 0.5 of what the script says)")
    expect(control).to_contain_text("What the script prints of it is its own value")

    screen.type_value("Learning rate (group 0) factor", "0.1")
    assert changed(screen, run_id, 2)["undo_values"] == {name: {"times": 0.5}}
    screen.button("Undo").first.click()
    undone = changed(screen, run_id, 3)
    assert undone["over_steps"] == 10  # rises go up over ten steps
    expect(control).to_contain_text("× 0.5 of what the script says")

    control.get_by_role("button", name="Release", exact=True).click()
    released = changed(screen, run_id, 4)
    screen.server.wait_for_step(run_id, released["step"] + 15)
    used = screen.server.run(run_id)["latest"][name]
    assert used == pytest.approx(halved["before"][name], rel=0.05)
    expect(screen.journal).to_contain_text("(as the script says)")
    expect(control).to_contain_text("As the script says")


def test_a_held_value_and_a_factor_on_all_groups_are_told_apart(
    screen: Screen, run_id: int
) -> None:
    screen.type_value("Learning rate (group 1) value", "0.01")
    assert changed(screen, run_id, 1)["after"] == {"learning_rate.1": 0.01}
    control = group(screen, "Learning rate (group 1)")
    expect(control).to_contain_text("Held at 0.01, whatever the script says")

    screen.button("Halve learning rate factor").click()

    assert changed(screen, run_id, 2)["after"] == {"learning_rate": 0.5}
    expect(control).to_contain_text("Held at 0.01, × 0.5 as all groups")
    expect(control.get_by_role("status")).to_have_text("0.005")  # what the updates use


def test_every_recorded_series_is_on_one_chart(screen: Screen, run_that_is_over: int) -> None:
    screen.open_run(run_that_is_over)

    def figure(name: str) -> Locator:
        return screen.page.get_by_role("figure", name=name, exact=True)

    for name in ("Accuracy chart", "Weights chart", "Learning rate strip", "Momentum strip"):
        expect(figure(name)).to_be_visible()
        figure(name).scroll_into_view_if_needed()
    screen.wait_for_chart("accuracy", points=2)
    screen.wait_for_chart("curves:weights", points=2)
    screen.wait_for_chart("lr", points=2)

    screen.button("View cost as table").click()
    screen.button("View accuracy as table").click()
    tables = screen.page.get_by_role("table")

    expect(tables.first.get_by_role("columnheader")).to_have_text(
        ["Step", "train/cost", "val/cost", "Change"]
    )
    expect(tables.last.get_by_role("columnheader")).to_have_text(
        ["Step", "train/accuracy", "val/accuracy", "weights/max", "weights/mean", "Change"]
    )


def test_the_script_and_its_parts_are_told(
    screen: Screen, run_that_is_over: int, folder: Path
) -> None:
    screen.open_run(run_that_is_over)
    git = screen.server.run(run_that_is_over)["script"]["git"]

    script, parts = screen.region("Script"), screen.region("Parts")

    for text in (str(SCRIPT), "--comment 'it'\\''s mine'", str(folder), sys.executable):
        expect(script).to_contain_text(text)
    if git is not None:  # the tests may lie in no repository
        expect(script).to_contain_text(git["commit"][:10])
        expect(script).to_contain_text("clean tree" if git["clean"] else "not committed")
    expect(parts.get_by_role("listitem").filter(has_text="optimizer")).to_have_text(
        "optimizer SGD exact"
    )
    expect(parts).to_contain_text("exact as far as seen")


def test_a_person_says_how_much_a_value_matters_and_how_it_is_spread(
    screen: Screen, run_that_is_over: int
) -> None:
    screen.open_run(run_that_is_over)
    prior = group(screen, "prior")
    prior.get_by_role("button", name="Tier and scale of prior").click()

    prior.get_by_label("prior scale").select_option("Powers of 2")
    expect(prior.get_by_label("prior scale")).to_have_value("log2")
    prior.get_by_label("prior tier").select_option("3: rarely worth changing")

    expect(prior).to_have_count(0)
    screen.button("Tier 3 settings").click()
    expect(prior).to_be_visible()
    said = screen.server.run(run_that_is_over)["declared"]["hyperparameters"]
    found = next(item for item in said if item["name"] == "prior")
    assert (found["tier"], found["scale"]) == (3, "log2")
    back = {"prior": {"tier": 1, "scale": "log10"}}
    screen.server.client.patch(f"/api/runs/{run_that_is_over}", json={"controls": back})


def test_a_script_whose_process_is_lost_is_taken_up_again(screen: Screen, start: Start) -> None:
    run_id, process = start()
    screen.server.wait_for_step(run_id, 15)
    screen.open_run(run_id)
    screen.server.command(run_id, "save_checkpoint")

    process.send_signal(signal.SIGKILL)
    expect(screen.status).to_have_text("Process lost")
    screen.page.get_by_role("alert", name="Alerts").get_by_role(
        "button", name="Take up again", exact=True
    ).click()

    expect(screen.status).to_have_text("Training")
    assert screen.server.run(run_id)["attempt"] == 2


def test_an_argument_that_is_read_only_once_is_changed_by_a_fork(
    screen: Screen, run_id: int
) -> None:
    screen.server.command(run_id, "save_checkpoint")
    screen.textbox("hidden value").fill("24")

    screen.button("Fork with 24 hidden").click()
    expect(screen.textbox("hidden")).to_have_value("24")
    screen.button("Start fork").click()

    child = screen.wait_for_another_run(run_id)
    assert screen.server.run(child)["initial_values"]["hidden"] == 24
