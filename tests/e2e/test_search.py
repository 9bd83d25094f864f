"""Caviar: a space is laid out, trials are trained and compared, and the best becomes the panda."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.screen import Screen, opened, run_in
from tests.live_server import LiveServer

pytestmark = pytest.mark.sampled(8)

SPACE: dict[str, Any] = {
    "learning_rate": {"scale": "log10", "low": 1e-3, "high": 1.0},
    "momentum": {"scale": "minus_log10_one_minus", "low": 0.5, "high": 0.99},
}
OVER = ("finished", "stopped")


@pytest.fixture(autouse=True)
def searches_end(server: LiveServer) -> Iterator[None]:
    """A search that a test left running would slow the next one."""
    yield
    for search in server.client.get("/api/searches").json()["searches"]:
        if search["status"] not in OVER:
            server.client.post(f"/api/searches/{search['id']}/commands", json={"kind": "stop"})


def start_search(server: LiveServer, **asked: Any) -> int:
    body = {"task": "digits", "space": SPACE, "strategy": "random", "trials": 6, "steps": 40}
    answer = server.client.post("/api/searches", json={**body, "seed": 1, **asked})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def search_of(server: LiveServer, search_id: int) -> dict[str, Any]:
    search: dict[str, Any] = server.client.get(f"/api/searches/{search_id}").json()
    return search


def wait_until_over(server: LiveServer, search_id: int) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        search = search_of(server, search_id)
        return search if search["status"] in OVER else None

    return server.wait_until(look, f"search {search_id} is over")


def rows(screen: Screen) -> Locator:
    return screen.page.get_by_role("table", name="Trials", exact=True).locator("tbody tr")


def search_in(url: str) -> int:
    found = re.search(r"[?&]search=(\d+)", url)
    return int(found[1]) if found else 0


def status(screen: Screen) -> Locator:
    return screen.page.get_by_role("status", name="Search status", exact=True)


def choose_method(screen: Screen, word: str) -> None:
    screen.page.get_by_role("radio", name=word, exact=True).check()


def test_a_search_is_laid_out_started_and_watched_to_its_end(screen: Screen) -> None:
    screen.open("/runs")
    expect(screen.region("Runs")).to_be_visible()  # the page hears keys from then on
    screen.page.keyboard.press("g")
    screen.page.keyboard.press("v")
    space = screen.region("Search space")
    screen.choose("Task", "digits")
    expect(space.get_by_role("img", name="50 draws of learning rate")).to_be_visible()

    screen.choose("Scale of learning rate", "linear")
    warning = space.get_by_role("group", name="Learning rate").get_by_role("status")
    expect(warning).to_contain_text("%")
    screen.choose("Scale of learning rate", "log10")
    expect(warning).to_have_count(0)
    screen.choose("Role of hidden units", "fixed")
    screen.textbox("Value of hidden units").fill("24")
    screen.button("Add parameter").click()
    screen.page.get_by_role("menuitem", name="Optimizer").click()
    expect(space.get_by_text("5 × 5 × 4 = 100")).to_be_visible()
    screen.button("Remove optimizer").click()
    screen.textbox("Trials").fill("5")
    screen.textbox("Steps").fill("40")
    screen.button("Start search").click()

    screen.page.wait_for_url(re.compile("search="))
    expect(status(screen)).to_have_text("Finished")
    expect(rows(screen)).to_have_count(5)
    search = search_of(screen.server, search_in(screen.page.url))
    assert search["space"]["hidden_units"] == {"fixed": 24}
    assert search["space"]["learning_rate"] == {"scale": "log10", "low": 1e-4, "high": 1.0}
    chart = screen.page.get_by_role("figure", name="Live curves chart")
    expect(chart).to_have_attribute("data-lines", "5")
    best = next(one for one in search["trials"] if one["run_id"] == search["best_run_id"])
    expect(rows(screen).first.get_by_role("rowheader")).to_have_text(str(best["number"]))


def test_a_search_is_followed_by_the_stream(screen: Screen) -> None:
    search_id = start_search(screen.server, trials=3, steps=100_000)
    asked: list[str] = []
    screen.page.on("request", lambda request: asked.append(request.url))
    screen.open(f"/caviar?search={search_id}")
    expect(status(screen)).to_have_text("Searching")

    screen.server.client.post(f"/api/searches/{search_id}/commands", json={"kind": "stop"})
    expect(status(screen)).to_have_text("Stopped")

    path = f"{screen.server.url}/api/searches/{search_id}"
    assert [url for url in asked if url == path] == []
    assert [url for url in asked if f"searches={search_id}" in url and "/api/stream" in url]


def test_an_unknown_search_is_said(screen: Screen) -> None:
    screen.open("/caviar?search=999999")

    expect(screen.page.get_by_role("alert")).to_contain_text("This search cannot be shown.")


def test_a_grid_says_how_many_trainings_it_is_before_it_starts(screen: Screen) -> None:
    screen.open("/caviar")
    screen.choose("Task", "digits")
    choose_method(screen, "Grid")
    screen.textbox("Grid points of momentum").fill("3")
    screen.textbox("Grid points of hidden units").fill("2")
    method = screen.region("Method")

    expect(screen.region("Search space").get_by_text("5 × 3 × 2 = 30")).to_be_visible()
    method.get_by_role("button", name="allow 30 trials").click()
    expect(screen.textbox("Trials")).to_have_value("30")
    expect(method.get_by_role("button", name="allow 30 trials")).to_have_count(0)


def test_a_wrong_bound_is_said_beside_its_row_and_nothing_starts(screen: Screen) -> None:
    before = newest_search(screen.server)
    screen.open("/caviar")
    screen.textbox("Highest learning rate").fill("12")
    screen.button("Start search").click()

    row = screen.region("Search space").get_by_role("group", name="Learning rate")
    expect(row.get_by_role("alert")).to_contain_text("at most 10")
    assert newest_search(screen.server) == before


def newest_search(server: LiveServer) -> int | None:
    """The id of the newest search: those of earlier tests may still be running."""
    searches = server.client.get("/api/searches").json()["searches"]
    return searches[0]["id"] if searches else None


def test_the_page_shows_what_a_grid_misses_and_which_way_fits(screen: Screen) -> None:
    screen.open("/caviar")
    screen.choose("Task", "digits")

    teaching = screen.region("Grid or random?")
    grid = teaching.get_by_role("img", name="Grid: 25 trials, 5 distinct values of learning rate")
    expect(grid).to_be_visible()
    random = "Random: 25 trials, 25 distinct values of learning rate"
    expect(teaching.get_by_role("img", name=random)).to_be_visible()
    expect(screen.region("Panda or caviar?").get_by_text("fits better")).to_have_count(1)


def test_a_trial_that_is_pointed_at_lights_up_everywhere(screen: Screen) -> None:
    search_id = start_search(screen.server)
    search = wait_until_over(screen.server, search_id)
    screen.open(f"/caviar?search={search_id}")
    expect(rows(screen)).to_have_count(6)
    best = next(one for one in search["trials"] if one["run_id"] == search["best_run_id"])
    lit = screen.page.locator("path[data-highlighted]")
    expect(lit).to_have_count(0)

    rows(screen).first.hover()
    expect(lit).to_have_count(2)  # in the curves and across the axes
    dots = screen.page.locator("circle[data-highlighted]")
    expect(dots).to_have_count(2)  # on each axis' own picture
    expect(screen.page.locator("[data-part=trial]")).to_contain_text(f"Trial {best['number']}")

    screen.page.mouse.move(0, 0)  # the keyboard does the same
    expect(lit).to_have_count(0)
    screen.page.get_by_role("figure", name="Parallel coordinates").focus()
    screen.page.keyboard.press("ArrowDown")
    screen.page.keyboard.press("ArrowDown")
    expect(rows(screen).nth(1)).to_have_attribute("data-highlighted", "true")
    screen.page.keyboard.press("Enter")
    screen.page.wait_for_url(re.compile("run="))


def test_brushes_are_chips_that_can_be_removed_and_columns_sort(screen: Screen) -> None:
    name = "<img src=x onerror=alert(1)> wide"  # a name is text, whatever it says
    search_id = start_search(screen.server, trials=8, name=name)
    search = wait_until_over(screen.server, search_id)
    screen.open(f"/caviar?search={search_id}")
    expect(screen.page.get_by_role("heading", level=1)).to_have_text(name)
    chart = screen.page.get_by_role("figure", name="Parallel coordinates")
    finished = sum(one["fits"] for one in search["trials"])
    inside = sum(
        one["fits"] and 0.01 <= one["values"]["learning_rate"] <= 1 for one in search["trials"]
    )
    assert 0 < inside < finished
    expect(chart).to_have_attribute("data-lines", str(finished))

    screen.button("Brush").click()
    menu = screen.page.get_by_role("dialog", name="Brush an axis")
    menu.get_by_label("From").fill("0.01")
    menu.get_by_role("button", name="Set brush").click()
    chip = screen.button("Remove brush Learning rate 0.01–1")
    expect(chart).to_have_attribute("data-lines", str(inside))
    expect(rows(screen).and_(screen.page.locator("[data-dim]"))).to_have_count(8 - inside)
    chip.click()
    expect(chart).to_have_attribute("data-lines", str(finished))

    box = screen.page.locator("[data-axis=learning_rate]").bounding_box()
    assert box is not None
    screen.page.mouse.move(box["x"] + 13, box["y"] + 2)
    screen.page.mouse.down()
    screen.page.mouse.move(box["x"] + 13, box["y"] + box["height"] / 3, steps=3)
    screen.page.mouse.up()
    expect(screen.page.get_by_role("list", name="Brushes").get_by_role("listitem")).to_have_count(1)

    table = screen.page.get_by_role("table", name="Trials", exact=True)
    table.get_by_role("button", name="Learning rate").click()
    head = table.get_by_role("columnheader", name="Learning rate")
    expect(head).to_have_attribute("aria-sort", "ascending")
    lowest = min(search["trials"], key=lambda one: one["values"]["learning_rate"])
    expect(rows(screen).first.get_by_role("rowheader")).to_have_text(str(lowest["number"]))
    table.get_by_role("button", name="Learning rate").click()
    expect(head).to_have_attribute("aria-sort", "descending")


def test_a_trial_steered_by_hand_is_counted_apart_and_the_search_stops(screen: Screen) -> None:
    search_id = start_search(screen.server, task="spirals", steps=200_000, trials=4, parallel=1)
    screen.open(f"/caviar?search={search_id}")
    expect(status(screen)).to_have_text("Searching")
    expect(rows(screen).first).to_contain_text("running")
    screen.page.get_by_role("link", name="Trial 1", exact=True).first.click()
    screen.wait_for_chart("cost", points=2)
    expect(screen.page.get_by_text(f"Trial 1 of search {search_id}")).to_be_visible()
    screen.button("Halve learning rate").click()
    expect(screen.journal).to_contain_text("Learning rate")

    screen.page.get_by_role("link", name=f"search {search_id}", exact=True).click()
    expect(rows(screen).first).to_contain_text("changed by hand")
    screen.button("Pause search").click()
    expect(status(screen)).to_have_text("Paused")
    screen.button("Resume search").click()
    expect(status(screen)).to_have_text("Searching")
    screen.button("Stop search").click()
    expect(status(screen)).to_have_text("Stopped")
    counts = screen.page.get_by_role("list", name="Trials by outcome")
    expect(counts.get_by_text("changed by hand")).to_be_visible()


def test_a_winner_is_repeated_refined_and_promoted(screen: Screen) -> None:
    search_id = start_search(screen.server, trials=4)
    search = wait_until_over(screen.server, search_id)
    best = next(one for one in search["trials"] if one["run_id"] == search["best_run_id"])
    screen.open(f"/caviar?search={search_id}")
    line = screen.region("Best trial")
    expect(line).to_contain_text(f"trial {best['number']}")

    screen.button("Repeat with 3 seeds").click()
    expect(line).to_contain_text(re.compile(r"± [\d.]+ \(3 seeds\)"))
    expect(rows(screen)).to_have_count(7)

    screen.button(f"Refine around top {search['keep']}").click()
    dialog = screen.page.get_by_role("dialog", name="Refine around the best")
    dialog.get_by_label("Trials", exact=True).fill("2")
    dialog.get_by_label("Best trials kept").fill("2")
    dialog.get_by_role("button", name="Start refined search").click()
    screen.page.wait_for_url(lambda url: search_in(url) > search_id)
    expect(screen.page.get_by_text(f"refined from search {search_id}")).to_be_visible()
    expect(status(screen)).to_have_text("Finished")
    low = search_of(screen.server, search_in(screen.page.url))["space"]["learning_rate"]["low"]
    assert low > SPACE["learning_rate"]["low"]

    screen.page.get_by_role("link", name=f"search {search_id}", exact=True).click()
    screen.button("Promote winner").click()
    dialog = screen.page.get_by_role("dialog", name=f"Promote trial {best['number']}")
    dialog.get_by_label("Steps").fill("80")
    dialog.get_by_label("Start paused", exact=True).uncheck()
    dialog.get_by_role("button", name="Promote", exact=True).click()
    screen.page.wait_for_url(lambda url: run_in(url) > 0)
    promoted = f"Promoted from trial {best['number']} of search {search_id}"
    expect(screen.journal).to_contain_text(promoted)
    expect(screen.status).to_have_text("Finished")
    run = screen.server.run(screen.run_id)
    assert run["search"] is None
    assert run["steps"] == 80
    assert run["parent"]["run_id"] == best["run_id"]


def test_a_panda_is_sent_to_caviar_and_has_a_litter(screen: Screen) -> None:
    run = screen.server.start_run("digits", steps=40, values={"learning_rate": 0.02})
    screen.server.wait_for_status(run["id"], "finished")
    screen.open_run(run["id"])
    screen.page.get_by_role("link", name="Search around this run").click()
    expect(screen.textbox("Lowest learning rate")).to_have_value("0.002")
    expect(screen.textbox("Highest learning rate")).to_have_value("0.2")

    screen.page.go_back()
    screen.checkpoints.first.click()
    screen.button("Search from checkpoint").click()
    expect(screen.region("Search space")).to_contain_text("step 40.")
    screen.textbox("Trials").fill("2")
    screen.textbox("Steps").fill("60")
    screen.button("Start search").click()
    screen.page.wait_for_url(re.compile("search="))
    expect(status(screen)).to_have_text("Finished")
    search = search_of(screen.server, search_in(screen.page.url))
    assert search["from_checkpoint"] is not None
    for trial in search["trials"]:
        parent = screen.server.run(trial["run_id"])["parent"]
        assert (parent["run_id"], parent["step"]) == (run["id"], 40)


def test_who_only_watches_reads_a_search_and_changes_nothing(
    browser: Browser, server: LiveServer
) -> None:
    search_id = start_search(server, trials=2)
    wait_until_over(server, search_id)
    token = server.client.get("/api/session/link").json()["token"]
    link = f"{server.url}/caviar?search={search_id}#t={token}"
    with opened(browser, dataclasses.replace(server, address=link)) as screen:
        expect(screen.page.get_by_text("Watching only")).to_be_visible()
        expect(rows(screen)).to_have_count(2)
        for name in ("Promote winner", "Stop search", "Repeat with 3 seeds", "Promote trial 1"):
            expect(screen.button(name)).to_have_count(0)
        screen.open("/caviar")
        expect(screen.region("Searches")).to_be_visible()
        expect(screen.button("Start search")).to_have_count(0)


def test_a_winner_can_be_promoted_paused(screen: Screen) -> None:
    search_id = start_search(screen.server, trials=2)
    search = wait_until_over(screen.server, search_id)
    screen.open(f"/caviar?search={search_id}")

    screen.button("Promote winner").click()
    dialog = screen.page.get_by_role("dialog", name=re.compile("^Promote trial"))
    expect(dialog.get_by_label("Start paused", exact=True)).to_be_checked()
    dialog.get_by_role("button", name="Promote", exact=True).click()

    screen.page.wait_for_url(lambda url: run_in(url) not in (0, search["best_run_id"]))
    expect(screen.status).to_have_text("Paused")
