"""How the page of a search of many trials behaves: time to open it, frames a second, lighting.

`python benchmarks/caviar_page.py [--trials 200]` runs such a search of short trainings of spirals
to its end, then opens its page in Chromium. Opened is a search whose curves are all drawn and whose
table has a row for each trial; lit is one that an arrow key has reached in the chart. The load of
the machine is printed, as all of it depends on it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

import httpx
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.latency import served
from benchmarks.page import OPENED_WITHIN_S, OPENS, frames, load
from tests.conftest import BROWSER_FLAGS
from tests.services import find_chromium

SPACE = {
    "learning_rate": {"scale": "log10", "low": 1e-3, "high": 1.0},
    "momentum": {"scale": "minus_log10_one_minus", "low": 0.5, "high": 0.99},
    "batch_size": {"scale": "log2", "low": 16, "high": 128},
    "hidden_units": {"scale": "log2", "low": 8, "high": 64},
}
STEPS = 100
LOOK_EVERY_S = 1.0  # at the search while it trains: nothing is measured then
CHART = "Live curves chart"
LINES = f"Number(document.querySelector('[aria-label=\"{CHART}\"]')?.dataset.lines ?? 0)"
ROWS = "document.querySelectorAll('table[aria-label=Trials] tbody tr').length"
# An arrow key lights the next trial, as the pointer does.
LIT = f"""() => new Promise(done => {{
  const chart = document.querySelector('[aria-label="{CHART}"]');
  const lit = () => chart.querySelector('[data-layer=highlight] path')?.getAttribute('d');
  const before = lit();
  const began = performance.now();
  chart.dispatchEvent(new KeyboardEvent('keydown', {{ bubbles: true, key: 'ArrowDown' }}));
  const look = () => lit() !== before
    ? done(performance.now() - began) : requestAnimationFrame(look);
  look();
}})"""
LIGHTS = 20


def search_of(web: httpx.Client, trials: int) -> int:
    """A search that is over, of so many trials."""
    asked = {
        "task": "spirals", "space": SPACE, "strategy": "random",
        "trials": trials, "steps": STEPS, "seed": 0,
    }  # fmt: skip
    search_id = int(web.post("/api/searches", json=asked).raise_for_status().json()["id"])
    while web.get(f"/api/searches/{search_id}").json()["status"] != "finished":
        time.sleep(LOOK_EVERY_S)
    return search_id


def open_search(page: Page, address: str, lines: int, rows: int) -> float:
    """Seconds from asking for the page until all is drawn."""
    began = time.perf_counter()
    page.goto(address)
    while page.evaluate(LINES) < lines or page.evaluate(ROWS) < rows:
        if time.perf_counter() - began > OPENED_WITHIN_S:
            seen = (page.evaluate(LINES), page.evaluate(ROWS))
            raise TimeoutError(f"the search was not drawn: {seen[0]} curves, {seen[1]} rows")
        page.wait_for_timeout(10)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    trials = parser.parse_args().trials
    with served() as web, sync_playwright() as playwright:
        search_id = search_of(web, trials)
        lines = len(web.get(f"/api/searches/{search_id}/curves").json()["runs"])
        browser = playwright.chromium.launch(
            executable_path=find_chromium().path, args=list(BROWSER_FLAGS)
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto("about:blank")
        print(f"before the page is opened: {load()}")
        print(f"empty page: {frames(page)}")
        token = web.headers["Authorization"].removeprefix("Bearer ")
        page.goto(f"{web.base_url}/#t={token}")
        page.get_by_role("navigation").first.wait_for()
        address = f"{web.base_url}/caviar?search={search_id}"
        opened = [open_search(page, address, lines, trials) for _ in range(OPENS)]
        print(
            f"open a search of {trials} trials: median {statistics.median(opened):.2f} s, from "
            f"{min(opened):.2f} to {max(opened):.2f} s"
        )
        print(f"the open search: {frames(page)}")
        lit = sorted(float(page.evaluate(LIT)) for _ in range(LIGHTS))
        print(f"key to lit trial: median {statistics.median(lit):.0f} ms, worst {lit[-1]:.0f} ms")
        browser.close()


if __name__ == "__main__":
    main()
