"""Details that a person meets once, and remembers."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from babysit.protocol.machine import machine_name
from tests.e2e.screen import Screen
from tests.live_server import LiveServer
from tests.project.files import ROOT

pytestmark = pytest.mark.sampled(3)


def test_an_unknown_address_says_so_and_leads_to_the_runs(screen: Screen) -> None:
    screen.open("/nothing")

    expect(screen.page.get_by_role("heading", name="There is no such page.")).to_be_visible()
    screen.page.get_by_role("link", name="All runs", exact=True).click()
    expect(screen.region("Runs")).to_be_visible()


def test_a_link_with_a_wrong_token_says_what_is_wrong(browser: Browser, server: LiveServer) -> None:
    context = browser.new_context()
    page = context.new_page()

    page.goto(f"{server.url}/#t=of-another-server")

    expect(page.get_by_role("alert")).to_contain_text("The token in the link is not that of")
    context.close()


def test_the_panels_of_a_phone_are_tabs_that_the_arrows_reach(
    screen: Screen, slow_run: int
) -> None:
    screen.page.set_viewport_size({"width": 390, "height": 844})
    screen.open_run(slow_run)
    tabs = screen.page.get_by_role("tablist", name="Panels", exact=True)
    curves = tabs.get_by_role("tab", name="Curves", exact=True)
    expect(curves).to_have_attribute("aria-selected", "true")

    curves.focus()
    screen.page.keyboard.press("ArrowRight")

    expect(tabs.get_by_role("tab", name="Tree", exact=True)).to_be_focused()
    expect(screen.region("Checkpoints and branches")).to_be_visible()
    expect(screen.region("Learning curves")).to_have_count(0)


def test_the_training_cost_in_the_head_does_not_follow_the_smoothing(
    screen: Screen, slow_run: int
) -> None:
    screen.server.wait_for_step(slow_run, 150)
    screen.server.command(slow_run, "pause")
    screen.open_run(slow_run, points=150)
    head = screen.page.locator("#cost-panel [data-part=head]")
    shown = head.get_by_text("train").locator("xpath=..").locator("b")
    before = shown.text_content()

    screen.page.get_by_role("slider", name="Smoothing").press("End")
    expect(screen.page.get_by_role("slider", name="Smoothing")).to_have_attribute(
        "aria-valuetext", "average over about 1,000 steps"
    )
    screen.page.wait_for_load_state("networkidle")

    expect(shown).to_have_text(before or "?")


def test_settings_that_are_as_the_task_has_them_are_folded(screen: Screen, slow_run: int) -> None:
    screen.server.command(slow_run, "set", values={"learning_rate": 0.02})
    screen.open_run(slow_run)
    settings = screen.region("Settings and export")

    expect(settings.get_by_text("(began at 0.05)")).to_be_visible()
    expect(settings.get_by_text("Weight decay", exact=False).first).to_be_hidden()
    settings.get_by_text("settings as the task has them").click()
    expect(settings.get_by_text("Weight decay", exact=False).first).to_be_visible()


def test_the_machines_tell_what_runs_where_and_how_to_have_more_of_them(
    screen: Screen, slow_run: int
) -> None:
    screen.open("/runs")
    screen.page.get_by_role("navigation").get_by_role("link", name="Machines").click()
    own = screen.region("Machines").get_by_role("row").filter(has_text=machine_name())

    expect(own).to_contain_text("Up")
    expect(own.get_by_role("link", name=f"Run {slow_run}", exact=True)).to_be_visible()
    docs = screen.page.get_by_role("link", name="Several machines")
    text = screen.server.client.get("/" + str(docs.get_attribute("href")).rpartition("/")[2])
    assert text.headers["content-type"].startswith("text/plain")
    assert text.text == (ROOT / "docs/several-machines.md").read_text()

    own.get_by_role("link", name=f"Run {slow_run}", exact=True).click()
    expect(screen.status).to_contain_text("Training")
    assert screen.run_id == slow_run
