"""What is best, on the page: chosen where a run or a search begins, then named and starred."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.e2e.screen import Screen, run_in

ACCURACY = "highest val accuracy"
GOAL = {"objective": "val/accuracy", "mode": "max"}


def goal(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: answer[name] for name in GOAL}


def test_a_run_is_started_for_the_highest_accuracy_and_stars_it(screen: Screen) -> None:
    screen.open("/runs")
    screen.button("New run").first.click()
    dialog = screen.page.get_by_role("dialog", name="New run")
    dialog.get_by_role("radio", name=re.compile("digits\\b")).first.check()
    expect(dialog.get_by_label("Best is the")).to_have_value("0")  # the lowest val cost
    dialog.get_by_label("Best is the").select_option(label=ACCURACY)
    dialog.get_by_label("Steps").fill("60")
    screen.button("Start training").click()
    screen.page.wait_for_url(re.compile("run="))
    run_id = run_in(screen.page.url)

    run = screen.server.wait_for_status(run_id, "finished")

    assert goal(run) == GOAL
    checkpoints = screen.server.client.get(f"/api/runs/{run_id}/checkpoints").json()
    [star] = [checkpoint for checkpoint in checkpoints if checkpoint["best"]]
    assert star["objective_value"] == run["best"]["value"]
    head = screen.page.locator("#cost-panel [data-part=head]")
    expect(head).to_contain_text(f"best val accuracy {run['best']['value']:.3f}")
    starred = screen.page.get_by_role(
        "treeitem", name=re.compile(rf"step {star['step']:,}, val .*val accuracy .*, best$")
    )
    expect(starred).to_have_count(1)
    expect(screen.region("Settings and export")).to_contain_text(ACCURACY)


def test_a_search_shows_the_highest_as_the_best_in_every_view(screen: Screen) -> None:
    rates = [1e-4, 1e-3, 1e-2, 0.1, 0.3]
    body = {
        "task": "digits",
        "space": {"learning_rate": {"values": rates}},
        "strategy": "grid",
        "trials": 5,
        "steps": 60,
        **GOAL,
    }
    made = screen.server.client.post("/api/searches", json=body).json()
    screen.open(f"/caviar?search={made['id']}")
    expect(screen.page.get_by_role("status", name="Search status")).to_have_text("Finished")

    search = screen.server.client.get(f"/api/searches/{made['id']}").json()

    values = {trial["number"]: trial["objective_value"] for trial in search["trials"]}
    order = sorted(values, key=lambda number: (-values[number], number))
    table = screen.page.get_by_role("table", name="Trials", exact=True)
    heads = table.locator("tbody tr").get_by_role("rowheader")
    expect(heads).to_have_text([str(number) for number in order])
    expect(table.get_by_role("columnheader", name="Val accuracy")).to_have_attribute(
        "aria-sort", "descending"
    )
    expect(screen.page.locator("#main")).to_contain_text(f"best: {ACCURACY}")
    line = screen.region("Best trial")
    expect(line).to_contain_text(f"trial {order[0]}")
    expect(line).to_contain_text("val accuracy")
    slices = screen.region("Slices: best val accuracy per range")
    expect(slices.get_by_role("img", name=re.compile("Val accuracy by"))).to_be_visible()
    figure = screen.page.get_by_role("figure", name="Live curves chart")
    expect(figure).to_have_attribute(
        "aria-description", re.compile(f"the best is trial {order[0]}, val accuracy")
    )
