"""Close the page, kill the server, start it again: the training never stopped."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.conftest import Serve
from tests.e2e.screen import Screen, opened
from tests.live_server import LiveServer, end_marked

pytestmark = pytest.mark.sampled(2)


@pytest.fixture
def mark() -> Iterator[str]:
    """Marks processes that outlive a server; they end with the test."""
    mark = uuid.uuid4().hex
    yield mark
    end_marked(mark)


def recorded(server: LiveServer, run_id: int) -> list[int]:
    answer = server.client.get(
        f"/api/runs/{run_id}/curves", params={"series": "train/cost", "points": 1_000_000}
    )
    steps: list[int] = answer.json()["series"]["train/cost"]["step"]
    return steps


def test_the_training_goes_on_without_page_and_server(
    browser: Browser, data_dir: Path, serve: Serve, mark: str
) -> None:
    with serve(data_dir, "--no-demo", mark=mark) as first:
        run = first.start_run("spirals", steps=1_000_000, max_steps_per_s=200)
        with opened(browser, first) as screen:
            screen.open_run(run["id"])
            screen.button("Halve learning rate").click()
            screen.wait_for_chart("cost", markers=1)
        pid = first.events(run["id"], "worker_started")[0]["pid"]
        at_kill = first.run(run["id"])["step"]
        first.kill()

    journal = data_dir / "runs" / str(run["id"]) / "attempt-0001.journal"
    size = journal.stat().st_size
    os.kill(pid, 0)  # it lives

    with serve(data_dir, "--no-demo", mark=mark) as second:
        second.wait_until(lambda: journal.stat().st_size > size, "the journal grows")
        second.wait_for_step(run["id"], at_kill + 200)
        with opened(browser, second) as screen:
            screen.open_run(run["id"], points=at_kill + 200)
            expect(screen.status).to_have_text("Training")
            expect(screen.journal).to_contain_text("Learning rate")
            # the new server steers the same worker
            screen.button("Pause training").click()
            expect(screen.status).to_have_text("Paused")

        steps = recorded(second, run["id"])
        assert steps == list(range(1, len(steps) + 1))
        assert len(second.events(run["id"], "worker_started")) == 1
        assert second.events(run["id"], "worker_started")[0]["pid"] == pid
        statuses = [event["status"] for event in second.events(run["id"], "status_changed")]
        assert statuses == ["queued", "starting", "running", "paused"]


def test_the_page_reconnects_by_itself_and_fills_the_gap(
    browser: Browser, data_dir: Path, serve: Serve, mark: str
) -> None:
    with serve(data_dir, "--no-demo", mark=mark) as first:
        port = first.url.rpartition(":")[2]
        run = first.start_run("spirals", steps=1_000_000, max_steps_per_s=200)
        with opened(browser, first) as screen:
            screen.open_run(run["id"], points=20)
            first.kill()
            expect(screen.status).to_have_text("Reconnecting…")
            before = screen.chart("cost")["points"]
            expect(screen.page.get_by_role("status", name="Connection")).to_contain_text(
                "Connection lost. Training continues"
            )
            halve = screen.button("Halve learning rate")
            expect(halve).to_have_attribute("aria-disabled", "true")
            expect(halve).to_have_attribute("title", "Not connected to the server")

            with serve(data_dir, "--no-demo", "--port", port, mark=mark) as second:
                expect(screen.status).to_have_text("Training", timeout=30_000)
                screen.wait_for_chart("cost", points=before + 300, timeout_ms=30_000)
                step = second.run(run["id"])["step"]
                notifications = screen.page.get_by_role("region", name="Notifications")
                expect(notifications).to_contain_text(
                    re.compile(r"Reconnected\. [\d,]+ missed steps loaded\.")
                )
                expect(halve).to_have_attribute("aria-disabled", "false")

            assert step > before + 300


PRESS = "buttons => buttons.forEach(button => button.click())"


def test_what_is_asked_for_while_the_server_is_away_comes_back_with_it(
    browser: Browser, data_dir: Path, serve: Serve, mark: str
) -> None:
    """Both lists, in two windows, and a run that is opened from a third one."""
    with serve(data_dir, "--no-demo", mark=mark) as first, ExitStack() as windows:
        port = first.url.rpartition(":")[2]
        body = {"task": "digits", "space": {"learning_rate": {"low": 0.001, "high": 0.1}}}
        search = {**body, "strategy": "random", "trials": 1, "steps": 5, "name": "kept"}
        first.client.post("/api/searches", json=search).raise_for_status()
        run = first.start_run("spirals", steps=1_000_000, max_steps_per_s=50, name="kept")
        runs, caviar, opening = (windows.enter_context(opened(browser, first)) for _ in range(3))
        for screen in (runs, caviar):
            screen.open_run(run["id"])
        opening.open("/runs")
        link = opening.page.get_by_role("link", name="kept", exact=True)
        expect(link).to_be_visible()

        first.kill()
        link.click()
        expect(opening.page.get_by_role("alert")).to_contain_text("Retrying…")
        for screen, name in ((runs, "Runs"), (caviar, "Caviar")):
            expect(screen.status).to_have_text("Reconnecting…")
            screen.page.get_by_role("link", name=name, exact=True).click()
            expect(banner(screen)).to_be_visible()

        with serve(data_dir, "--no-demo", "--port", port, mark=mark):
            for screen in (runs, caviar):
                # The page may come back by itself before it is asked to.
                retry = banner(screen).get_by_role("button", name="Retry now")
                retry.evaluate_all(PRESS)
                kept = screen.page.get_by_role("link", name="kept", exact=True)
                expect(kept).to_be_visible(timeout=30_000)
                expect(banner(screen)).to_have_count(0)
            expect(opening.status).to_have_text("Training", timeout=30_000)
            opening.wait_for_chart("cost", points=20, timeout_ms=30_000)


def banner(screen: Screen) -> Locator:
    return screen.page.get_by_role("status", name="Connection")
