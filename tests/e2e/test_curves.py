"""Watching: every chart moves by itself, and a change is marked on all of them."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.screen import Screen

pytestmark = pytest.mark.sampled(5)

CHARTS = {
    "cost": "Cost chart",
    "lr": "Learning rate strip",
    "momentum": "Momentum strip",
    "accuracy": "Accuracy chart",
}


def test_all_four_charts_move_live(screen: Screen, slow_run: int) -> None:
    screen.open_run(slow_run)
    for chart, name in CHARTS.items():
        expect(screen.page.get_by_role("figure", name=name, exact=True)).to_be_visible()
        screen.wait_for_chart(chart, points=2)
    before = {chart: screen.chart(chart)["points"] for chart in CHARTS}

    for chart, points in before.items():
        screen.wait_for_chart(chart, points=points + 1)


def test_a_change_is_marked_on_all_charts(screen: Screen, slow_run: int) -> None:
    screen.open_run(slow_run)
    assert screen.chart("cost")["markers"] == 0

    screen.button("Halve learning rate").click()

    for chart in CHARTS:
        screen.wait_for_chart(chart, markers=1)


def test_the_numbers_can_be_read_without_the_picture(screen: Screen, slow_run: int) -> None:
    screen.open_run(slow_run, points=30)

    screen.button("View cost as table").click()

    table = screen.page.get_by_role("table")
    expect(table.get_by_role("columnheader", name="train/cost")).to_be_visible()
    assert table.get_by_role("row").count() > 10


def test_a_frozen_chart_stands_still_while_the_training_goes_on(
    screen: Screen, slow_run: int
) -> None:
    screen.open_run(slow_run)
    screen.button("Freeze charts").click()
    expect(screen.button("Freeze charts")).to_have_attribute("aria-pressed", "true")
    step = screen.server.run(slow_run)["step"]
    screen.server.wait_for_step(slow_run, step + 30)
    frozen = screen.chart("cost")["points"]
    screen.server.wait_for_step(slow_run, step + 130)

    assert screen.chart("cost")["points"] == frozen

    screen.button("Freeze charts").click()
    screen.wait_for_chart("cost", points=frozen + 50)


def test_the_horizontal_axis_can_be_chosen(screen: Screen, slow_run: int) -> None:
    screen.open_run(slow_run, points=30)

    for axis in ("Epoch", "Examples", "Active time", "Clock time"):
        before = screen.chart("cost")["points"]
        screen.page.get_by_role("combobox", name="Horizontal axis").select_option(label=axis)

        screen.wait_for_chart("cost", points=before + 1)


def test_the_page_fits_a_phone(screen: Screen, slow_run: int) -> None:
    screen.page.set_viewport_size({"width": 390, "height": 844})
    screen.open_run(slow_run)

    expect(screen.button("Pause training")).to_be_visible()
    expect(screen.button("Halve learning rate").first).to_be_visible()
    assert screen.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_zooming_keeps_the_head_of_the_panel_and_a_run_that_is_over_has_no_live_to_jump_to(
    screen: Screen, slow_run: int
) -> None:
    screen.open_run(slow_run)
    head = screen.page.locator("#cost-panel [data-part=head]")
    height = head.evaluate("head => head.clientHeight")

    screen.open(f"/?run={slow_run}&zoom=1-4")
    screen.wait_for_chart("cost", points=2)
    expect(screen.button("Jump to live ▸")).to_be_visible()
    assert head.evaluate("head => head.clientHeight") == height
    screen.button("Stop training").click()

    expect(screen.button("Show the whole run")).to_be_visible()
    expect(screen.button("Jump to live ▸")).to_have_count(0)
    screen.button("Show the whole run").click()
    expect(screen.button("Show the whole run")).to_have_count(0)


def test_a_long_learning_rate_stays_in_one_line_on_a_phone(screen: Screen, slow_run: int) -> None:
    screen.page.set_viewport_size({"width": 390, "height": 844})
    screen.open_run(slow_run)
    rate = screen.page.get_by_role("group", name="Quick controls").locator("[data-part=rate]")
    line = rate.evaluate("rate => rate.clientHeight")

    screen.server.command(slow_run, "set", values={"learning_rate": 1.234e-5})

    expect(rate).to_have_text("lr 1.234e-5")
    assert rate.evaluate("rate => rate.clientHeight") == line
    assert screen.page.evaluate("document.documentElement.scrollWidth") <= 390
