"""The history of every run there ever was: found, read, noted and taken away."""

from __future__ import annotations

import csv
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.screen import Screen

pytestmark = pytest.mark.sampled(6)


@pytest.fixture
def history(screen: Screen) -> dict[str, Any]:
    """A run that is over, with a change, its reason and a note."""
    server = screen.server
    winter = f"winter {uuid.uuid4().hex[:8]}"
    run = server.start_run("spirals", steps=300, max_steps_per_s=150, name=winter, seed=7)
    server.command(run["id"], "pause")
    server.command(run["id"], "set", values={"learning_rate": 0.02}, note="too slow")
    server.client.post(
        f"/api/runs/{run['id']}/notes", json={"text": "first plateau", "step": 3}
    ).raise_for_status()
    server.command(run["id"], "resume")
    return server.wait_for_status(run["id"], "finished")


def test_the_list_names_every_run_and_opens_each(screen: Screen, history: dict[str, Any]) -> None:
    other = screen.server.start_run("diabetes", steps=20, name="summer")
    screen.server.wait_for_status(other["id"], "finished")

    screen.open()
    navigation = screen.page.get_by_role("navigation", name="Main")
    navigation.get_by_role("link", name="Runs", exact=True).click()
    rows = screen.page.get_by_role("row")
    expect(rows.filter(has_text=history["name"])).to_contain_text("finished")
    expect(rows.filter(has_text="summer").first).to_contain_text("diabetes")
    screen.page.get_by_role("link", name=history["name"], exact=True).click()

    screen.wait_for_chart("cost", points=300, markers=2)
    expect(screen.status).to_have_text("Finished")


def test_the_list_can_be_searched(screen: Screen, history: dict[str, Any]) -> None:
    screen.server.start_run("spirals", steps=5, name="summer")
    screen.open("/runs")

    screen.page.get_by_role("searchbox", name="Search runs").fill(history["name"])

    expect(screen.page.get_by_role("link", name="summer", exact=True)).to_have_count(0)
    expect(screen.page.get_by_role("link", name=history["name"], exact=True)).to_be_visible()


def test_runs_that_are_ticked_in_the_list_are_compared(screen: Screen) -> None:
    word = uuid.uuid4().hex[:8]
    for rate in (0.05, 0.01):
        run = screen.server.start_run(
            "diabetes", steps=40, name=f"{word} {rate}", values={"learning_rate": rate}
        )
        screen.server.wait_for_status(run["id"], "finished")
    screen.open(f"/runs?q={word}")

    for rate in (0.05, 0.01):
        screen.page.get_by_role("checkbox", name=f"Choose {word} {rate}", exact=True).check()
    screen.button("Compare").click()

    differs = screen.page.get_by_role("group", name="What differs", exact=True)
    expect(differs.get_by_role("row").filter(has_text="Learning rate")).to_contain_text("0.010.05")
    expect(screen.page.get_by_text("reaches val cost ≤")).to_be_visible()
    expect(screen.region("val cost")).to_be_visible()


def test_the_journal_says_who_when_what_and_why(screen: Screen, history: dict[str, Any]) -> None:
    screen.open_run(history["id"])

    entry = screen.journal.get_by_role("article").filter(has_text="Learning rate")
    change = screen.server.events(history["id"], "changed")[0]
    expect(entry).to_contain_text("→ 0.02")
    expect(entry).to_contain_text("too slow")
    expect(entry).to_contain_text("you")
    expect(entry).to_contain_text(f"{change['step']:,}")
    expect(entry.locator("time")).to_have_attribute("datetime", change["at"])


def test_a_note_is_pinned_to_the_step_it_was_written_at(screen: Screen, slow_run: int) -> None:
    screen.open_run(slow_run)
    step = screen.server.run(slow_run)["step"]

    screen.textbox("Note").fill("it turns here")
    screen.button("Add note").click()

    expect(screen.journal).to_contain_text("it turns here")
    screen.wait_for_chart("cost", markers=1)
    note = screen.server.events(slow_run, "note_added")[0]
    assert note["text"] == "it turns here"
    assert note["step"] >= step


def test_a_note_can_be_corrected_and_keeps_its_earlier_text(
    screen: Screen, history: dict[str, Any]
) -> None:
    screen.open_run(history["id"])

    screen.button("Correct the note at step 3").click()
    screen.textbox("Corrected note").fill("first slope")
    screen.page.keyboard.press("Enter")

    note = screen.journal.get_by_role("article").filter(has_text="first slope")
    expect(note).to_have_count(1)
    expect(screen.button("Correct the note at step 3")).to_be_focused()
    expect(note.get_by_text("first plateau")).to_be_hidden()
    note.get_by_text("corrected", exact=True).click()
    expect(note.get_by_text("first plateau")).to_be_visible()


def test_the_settings_of_a_run_are_shown(screen: Screen, history: dict[str, Any]) -> None:
    screen.open_run(history["id"])

    settings = screen.region("Settings and export")
    expect(settings).to_contain_text("spirals")
    expect(settings).to_contain_text("7")  # the seed
    expect(settings).to_contain_text("0.02")
    expect(screen.checkpoints.first).to_be_visible()


def exported(screen: Screen, name: str, folder: Path) -> Path:
    """Press a link of the export and wait for the file."""
    with screen.page.expect_download() as started:
        screen.page.get_by_role("link", name=name, exact=True).click()
    target = folder / started.value.suggested_filename
    started.value.save_as(target)
    return target


def test_the_csv_has_every_recorded_number(
    screen: Screen, history: dict[str, Any], tmp_path: Path
) -> None:
    screen.open_run(history["id"])

    file = exported(screen, "CSV", tmp_path)

    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    costs = [row for row in rows if row["series"] == "train/cost"]
    assert file.suffix == ".csv"
    assert [int(row["step"]) for row in costs] == list(range(1, 301))


def test_the_json_has_everything(screen: Screen, history: dict[str, Any], tmp_path: Path) -> None:
    screen.open_run(history["id"])

    whole = json.loads(exported(screen, "JSON", tmp_path).read_text())

    assert whole["run"]["name"] == history["name"]
    kinds = {event["kind"] for event in whole["events"]}
    assert {"worker_started", "changed", "note_added", "checkpoint_saved"} <= kinds
    assert len(whole["curves"]["train/cost"]["step"]) == 300
    assert whole["checkpoints"]


def test_the_log_book_can_be_read(screen: Screen, history: dict[str, Any], tmp_path: Path) -> None:
    screen.open_run(history["id"])

    text = exported(screen, "Markdown", tmp_path).read_text()

    assert history["name"] in text
    assert "too slow" in text
    assert "first plateau" in text


def test_a_run_goes_to_the_trash_and_comes_back(screen: Screen, history: dict[str, Any]) -> None:
    screen.open("/runs")
    link = screen.page.get_by_role("link", name=history["name"], exact=True)

    screen.button(f"Move {history['name']} to the trash").click()
    expect(link).to_be_hidden()
    toast = screen.page.get_by_role("region", name="Notifications")
    toast.get_by_role("button", name="Undo", exact=True).click()

    expect(link).to_be_visible()


def test_the_trash_is_emptied_after_the_space_was_told(screen: Screen) -> None:
    server = screen.server
    run = server.start_run("spirals", steps=5, name="to be removed")
    server.wait_for_status(run["id"], "finished")
    json = {"Content-Type": "application/json"}
    assert server.client.delete(f"/api/runs/{run['id']}", headers=json).status_code == 204
    screen.open("/runs")
    screen.button("Trash").click()
    expect(screen.button("Restore to be removed")).to_be_visible()

    screen.button("Empty trash…").click()
    expect(screen.page.get_by_text("for good and free")).to_contain_text("B?")
    screen.button("Remove for good").click()

    expect(screen.page.get_by_text("The trash is empty.")).to_be_visible()
    assert server.client.get(f"/api/runs/{run['id']}").status_code == 404


def test_a_checkpoint_is_deleted_and_the_output_of_the_worker_is_reachable(screen: Screen) -> None:
    server = screen.server
    run = server.start_run("spirals", steps=5)
    server.wait_for_status(run["id"], "finished")
    screen.open_run(run["id"])
    screen.page.get_by_role("treeitem", name="Checkpoint step 0").click()

    screen.button("Delete checkpoint 0").click()
    screen.button("Delete for good").click()

    expect(screen.page.get_by_role("treeitem", name="Checkpoint step 0")).to_have_count(0)
    expect(screen.page.get_by_text("not proved: No step")).to_be_visible()
    log = screen.page.get_by_role("link", name="open", exact=True).get_attribute("href")
    assert log is not None
    assert server.client.get(log).status_code == 200
