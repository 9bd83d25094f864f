"""How the page behaves on a long live run: time to open it, frames a second, click to marker.

`python benchmarks/page.py [--steps 100000]` trains that many real steps, then opens the run in
Chromium while it goes on. An empty page's frame rate is measured in the same browser, to compare.
Opened is a run whose lines are drawn, and marked is a change whose mark stands on the cost chart:
both are looked up in the document. The load of the machine is printed, as all of it depends on it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

import httpx
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
OPENS = 5
ENDED = ("finished", "stopped", "failed", "lost")
LINES = "!!document.querySelector('[data-testid=cost-chart] .scatterlayer path.js-line')"
# Several marks at one place are one element with a count on it.
MARKED = """() => new Promise(done => {
  const marks = () => [...document.querySelectorAll('[data-markers=cost] [data-marker]')]
    .reduce((sum, mark) => sum + (Number(mark.textContent) || 1), 0);
  const before = marks();
  const button = document.querySelector('[aria-label="Halve learning rate"]');
  const began = performance.now();
  button.click();
  const look = () => marks() > before
    ? done(performance.now() - began) : requestAnimationFrame(look);
  look();
})"""


def frames(page: Page) -> str:
    found = page.evaluate(FRAMES, WATCHED_S)
    return f"{found['fps']:.1f} frames a second, longest gap {found['longest_ms']:.0f} ms"


def train_to(web: httpx.Client, run: int, steps: int) -> None:
    """Wait until a run has made so many steps.

    Raises:
        RuntimeError: it ended before that.
    """
    while (found := web.get(f"/api/runs/{run}").json())["step"] < steps:
        if found["status"] in ENDED:
            raise RuntimeError(f"the run is {found['status']} at step {found['step']}")
        time.sleep(0.5)


def open_run(page: Page, address: str) -> float:
    """Seconds from asking for the page until the cost chart shows the run."""
    began = time.perf_counter()
    page.goto(address)
    while not page.evaluate(LINES):  # the page's policy forbids wait_for_function to eval
        if time.perf_counter() - began > OPENED_WITHIN_S:
            raise TimeoutError("the run was not drawn")
        page.wait_for_timeout(10)
    return time.perf_counter() - began


def click_to_marker_ms(page: Page) -> float:
    """Milliseconds from pressing a button until the change is marked on the cost chart."""
    return float(page.evaluate(MARKED))


def load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    steps = parser.parse_args().steps
    with served() as web, sync_playwright() as playwright:
        run = start(web, 100_000_000, task="spirals")
        train_to(web, run, steps)
        print(f"before the page is opened: {load()}")
        browser = playwright.chromium.launch(
            executable_path=find_chromium().path, args=list(BROWSER_FLAGS)
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto("about:blank")
        print(f"empty page: {frames(page)}")
        token = web.headers["Authorization"].removeprefix("Bearer ")
        page.goto(f"{web.base_url}/#t={token}")
        page.get_by_role("button", name="Stop training").wait_for()
        opened = [open_run(page, f"{web.base_url}/?run={run}") for _ in range(OPENS)]
        print(f"open a live run of {steps:,} steps: median {statistics.median(opened):.2f} s")
        before_step = web.get(f"/api/runs/{run}").json()["step"]
        began = time.perf_counter()
        print(f"live, four charts: {frames(page)}")
        rate = (web.get(f"/api/runs/{run}").json()["step"] - before_step) / (
            time.perf_counter() - began
        )
        lagging_runs = web.get(f"/api/runs/{run}").json()["step"] - page.evaluate("__babysit.step")
        print(
            f"the page is {lagging_runs / max(rate, 1):.2f} s behind at {rate:.0f} steps a second"
        )
        clicks = sorted(click_to_marker_ms(page) for _ in range(CLICKS))
        print(f"click to marker: median {statistics.median(clicks):.0f} ms, worst {clicks[-1]:.0f}")
        print(f"at the end: {load()}")
        browser.close()
        command(web, run, {"kind": "stop"})


if __name__ == "__main__":
    main()
