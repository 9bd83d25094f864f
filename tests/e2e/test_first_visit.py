"""The first minute: open the printed address, and something moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import Serve
from tests.e2e.screen import Screen, opened, sign_in
from tests.live_server import LiveServer, serving

pytestmark = pytest.mark.sampled(4)

FIRST_POINTS_WITHIN_MS = 3_000
LEARNED_COST = 0.4  # left alone, the demo is still above 0.6 after 1,200 steps


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server as whoever has just installed it starts it."""
    with serving(tmp_path_factory.mktemp("new") / "var") as server:
        yield server


@pytest.mark.quiet
def test_a_demo_moves_within_three_seconds_of_the_first_load(
    browser: Browser, new: LiveServer
) -> None:
    with opened(browser, new) as screen:
        screen.wait_for_chart("cost", points=2, timeout_ms=FIRST_POINTS_WITHIN_MS)

        expect(screen.status).to_have_text("Training")
        hint = screen.page.get_by_role("complementary", name="Tour").bounding_box()
        chart = screen.page.get_by_test_id("cost-chart").bounding_box()
        assert hint is not None
        assert chart is not None
        assert hint["x"] > chart["x"] + chart["width"]  # not over the end that moves
        demo = new.run(screen.run_id)
        assert demo["demo"] is True
        assert demo["values"]["learning_rate"] == 0.003
        costs = new.client.get(
            f"/api/runs/{demo['id']}/curves", params={"series": "train/cost", "points": 100_000}
        ).json()["series"]["train/cost"]["value"]
        assert len(set(costs[:2])) == 2


@pytest.mark.quiet  # so that the server is the one of the test before
def test_the_demo_is_rescued_by_doubling_the_learning_rate(
    browser: Browser, new: LiveServer
) -> None:
    with opened(browser, new) as screen:
        screen.wait_for_chart("cost", points=2)
        demo = screen.run_id

        for times in range(1, 5):
            screen.button("Double learning rate").click()
            screen.wait_for_chart("cost", markers=times)
            # it rises over ten steps; the next doubling starts from where it arrived
            rate = screen.textbox("Learning rate value")
            expect(rate).to_have_value(f"{0.003 * 2**times:g}")

        new.wait_until(lambda: learned(new.run(demo)), "the demo learns", timeout_s=40)


def learned(run: dict[str, Any]) -> dict[str, Any] | None:
    return run if run["best"] and run["best"]["val_cost"] < LEARNED_COST else None


def test_without_a_run_there_are_two_ways_to_start(
    browser: Browser, data_dir: Path, serve: Serve
) -> None:
    with serve(data_dir, "--no-demo") as server, opened(browser, server) as screen:
        expect(screen.page.get_by_role("heading", name="No runs yet.")).to_be_visible()
        expect(screen.button("New run").first).to_be_visible()

        screen.button("Start demo").click()

        screen.wait_for_chart("cost", points=2)


def test_a_wrong_token_is_said_and_the_right_one_opens_the_page(
    browser: Browser, server: LiveServer
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.url)

    page.get_by_label("Token").fill("not-the-token-of-this-server")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not the token")
    page.get_by_label("Token").fill(server.token)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    context.close()


def test_the_token_leaves_the_address_at_once(screen: Screen) -> None:
    sign_in(screen)

    assert screen.server.token not in screen.page.url
    assert screen.server.token not in screen.page.evaluate("JSON.stringify(history.state)")


@pytest.mark.quiet
def test_the_tour_ends_with_what_is_next(browser: Browser, new: LiveServer) -> None:
    with opened(browser, new) as screen:
        screen.wait_for_chart("cost", points=2)
        tour = screen.page.get_by_role("complementary", name="Tour")
        expect(tour).to_be_visible()
        for _ in range(3):
            if tour.count():
                tour.get_by_role("button").last.click()

        after = screen.page.get_by_role("complementary", name="What next")
        after.get_by_role("button", name="Train another task").click()
        expect(screen.page.get_by_role("dialog", name="New run")).to_be_visible()
