"""How the page behaves on a long live run: time to open it, frames a second, click to marker.

`python benchmarks/page.py [--steps 100000]` trains that many real steps, then opens the run in
Chromium while it goes on. An empty page's frame rate is measured in the same browser, to compare.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.latency import command, served, start
from tests.conftest import BROWSER_FLAGS
from tests.services import find_chromium

WATCHED_S = 10
FRAMES = """seconds => new Promise(done => {
  const began = performance.now(); let frames = 0, longest = 0, last = began;
  const count = now => {
    frames += 1; longest = Math.max(longest, now - last); last = now;
    if (now - began < seconds * 1000) requestAnimationFrame(count);
    else done({fps: frames / ((now - began) / 1000), longest_ms: longest});
  };
  requestAnimationFrame(count);
})"""
CLICKS = 10
OPENED_WITHIN_S = 60


def frames(page: Page) -> str:
    found = page.evaluate(FRAMES, WATCHED_S)
    return f"{found['fps']:.1f} frames a second, longest gap {found['longest_ms']:.0f} ms"


def points_drawn(page: Page) -> int:
    return int(page.evaluate("window.__babysit?.charts?.cost?.points ?? 0"))


def open_run(page: Page, address: str) -> float:
    """Seconds from asking for the page until the cost chart shows the run."""
    began = time.perf_counter()
    page.goto(address)
    while points_drawn(page) < 1000:  # the page's policy forbids wait_for_function to eval
        if time.perf_counter() - began > OPENED_WITHIN_S:
            raise TimeoutError("the run was not drawn")
        page.wait_for_timeout(10)
    return time.perf_counter() - began


def click_to_marker_ms(page: Page) -> float:
    """Milliseconds from pressing a button until the change is marked on the cost chart."""
    return float(
        page.evaluate(
            """() => new Promise(done => {
              const before = window.__babysit.charts.cost.markers;
              const button = document.querySelector('[aria-label="Halve learning rate"]');
              const began = performance.now();
              button.click();
              const look = () => window.__babysit.charts.cost.markers > before
                ? done(performance.now() - began) : requestAnimationFrame(look);
              look();
            })"""
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    steps = parser.parse_args().steps
    with served() as web, sync_playwright() as playwright:
        run = start(web, 100_000_000, task="spirals")
        while web.get(f"/api/runs/{run}").json()["step"] < steps:
            time.sleep(0.5)
        browser = playwright.chromium.launch(
            executable_path=find_chromium().path, args=list(BROWSER_FLAGS)
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto("about:blank")
        print(f"empty page: {frames(page)}")
        token = web.headers["Authorization"].removeprefix("Bearer ")
        page.goto(f"{web.base_url}/#t={token}")
        page.get_by_role("button", name="Stop training").wait_for()
        opened = [open_run(page, f"{web.base_url}/?run={run}") for _ in range(5)]
        print(f"open a live run of {steps:,} steps: median {statistics.median(opened):.2f} s")
        before_step = web.get(f"/api/runs/{run}").json()["step"]
        began = time.perf_counter()
        print(f"live, four charts: {frames(page)}")
        rate = (web.get(f"/api/runs/{run}").json()["step"] - before_step) / (
            time.perf_counter() - began
        )
        behind = web.get(f"/api/runs/{run}").json()["step"] - page.evaluate("__babysit.step")
        print(f"the page is {behind / max(rate, 1):.2f} s behind at {rate:.0f} steps a second")
        clicks = sorted(click_to_marker_ms(page) for _ in range(CLICKS))
        print(f"click to marker: median {statistics.median(clicks):.0f} ms, worst {clicks[-1]:.0f}")
        browser.close()
        command(web, run, {"kind": "stop"})


if __name__ == "__main__":
    main()
