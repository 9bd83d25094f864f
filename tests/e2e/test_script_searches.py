"""Registered scripts on the page: searched over, and started again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from babysit.protocol.spec.script_files import register
from babysit.protocol.spec.script_start import script_spec
from tests.e2e.screen import Screen
from tests.live_server import LiveServer

SCRIPT = Path(__file__).parents[1] / "app/scripts/short_training.py"
TITLE = f"{SCRIPT.name} --lr 0.02"


@pytest.fixture
def finished(screen: Screen) -> dict[str, Any]:
    """A run of the script that the server started."""
    return finished_run(screen.server)


def finished_run(server: LiveServer, **asked: Any) -> dict[str, Any]:
    ident = register(server.data_dir, script_spec(SCRIPT, ["--lr", "0.02"], supervised=True))
    run = server.client.post("/api/runs", json={"script": ident, **asked}).json()
    return server.wait_for_status(run["id"], "finished")


def test_a_search_over_a_script_is_laid_out_from_what_it_declares(
    screen: Screen, finished: dict[str, Any]
) -> None:
    screen.open_run(finished["id"])
    screen.page.get_by_role("link", name="Search around this run").click()
    task = screen.page.get_by_role("combobox", name="Task", exact=True)
    expect(task.locator("option:checked")).to_have_text(TITLE)
    expect(screen.textbox("Steps")).to_have_value("")
    expect(screen.textbox("Steps")).to_have_attribute("placeholder", "32")
    lowest = screen.textbox("Lowest lr")
    expect(lowest).to_have_value("0.002")
    expect(screen.page.get_by_role("img", name="50 draws of lr")).to_be_visible()
    screen.textbox("Trials").fill("3")
    screen.button("Start search").click()

    screen.page.wait_for_url(re.compile("search="))
    status = screen.page.get_by_role("status", name="Search status", exact=True)
    expect(status).to_have_text("Finished", timeout=60_000)
    trials = screen.page.get_by_role("table", name="Trials", exact=True).locator("tbody tr")
    expect(trials).to_have_count(3)
    expect(screen.page.get_by_text(TITLE, exact=True)).to_be_visible()
    found = screen.server.client.get("/api/searches").json()["searches"][0]
    assert found["space"] == {"lr": {"scale": "log10", "low": 0.002, "high": 0.2}}
    assert found["script"]["limited"] is False

    screen.page.get_by_role("link", name="Search like this").click()
    expect(task.locator("option:checked")).to_have_text(TITLE)
    expect(lowest).to_have_value("0.002")


def test_a_new_run_of_a_script_is_like_the_one_that_is_shown(screen: Screen) -> None:
    run = finished_run(screen.server, values={"hidden": 12})
    screen.open_run(run["id"])
    screen.button("New run like this").click()
    dialog = screen.page.get_by_role("dialog", name="New run")
    expect(dialog.get_by_role("radio", name=TITLE)).to_be_checked()
    expect(dialog.get_by_role("textbox", name="hidden")).to_have_value("12")
    dialog.get_by_role("textbox", name="lr").fill("0.1")
    dialog.get_by_role("button", name="Start training").click()

    again = screen.wait_for_another_run(run["id"])
    new = screen.server.wait_for_status(again, "finished")
    assert (new["values"]["hidden"], new["values"]["lr"]) == (12, 0.1)
    assert (new["task"], new["steps"]) == (SCRIPT.name, 32)
