"""A run is done again from the page, and the page says whether it came out the same."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.screen import Screen


def test_replay_says_that_all_was_equal_to_the_last_bit(screen: Screen) -> None:
    run = screen.server.start_run("spirals", steps=60, name="original")
    screen.server.wait_for_status(run["id"], "finished")
    screen.open_run(run["id"])

    screen.button("Replay").click()
    seed = screen.textbox("Seed")
    seed.fill("none")
    screen.button("Start replay").click()
    expect(screen.page.get_by_role("alert").filter(has_text="whole number")).to_be_visible()
    seed.fill("")
    screen.button("Start replay").click()

    replayed = screen.wait_for_another_run(run["id"])
    screen.server.wait_for_status(replayed, "finished")
    settings = screen.region("Settings and export")
    expect(settings).to_contain_text(re.compile("Compared.*Equal to the last bit"))
    expect(settings.get_by_role("link", name=f"run {run['id']}")).to_be_visible()
    expect(screen.journal).to_contain_text("Replayed: equal to the last bit")
