"""Makes docs/screenshot.png: a real run on a real server, steered a little, in a real browser."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.conftest import BROWSER_FLAGS
from tests.e2e.screen import opened
from tests.live_server import LiveServer, serving
from tests.services import find_chromium

TARGET = Path(__file__).resolve().parent.parent / "docs" / "screenshot.png"
SIZE = {"width": 1440, "height": 1180}
STEPS = 2400


def steered_run(server: LiveServer) -> int:
    """The demo's rescue: too slow, then faster twice, a note, a checkpoint; its id."""
    run = server.start_run(
        "spirals",
        name="spirals",
        steps=10_000,
        max_steps_per_s=400,
        values={"learning_rate": 0.003},
        note="How far up can the learning rate go?",
    )
    faster = {"learning_rate": 0.03}
    server.command(run["id"], "set", values=faster, at_step=500, over_steps=10, note="too slow")
    server.client.post(f"/api/runs/{run['id']}/notes", json={"text": "off the plateau"})
    server.wait_for_step(run["id"], 900)
    calmer = {"momentum": 0.95}
    server.command(run["id"], "set", values=calmer, keep_step_size=True, note="it bounces")
    server.command(run["id"], "save_checkpoint")
    server.wait_for_step(run["id"], STEPS)
    return int(run["id"])


def main() -> None:
    chromium = find_chromium()
    if chromium.path is None:
        raise SystemExit(f"No Chromium here; {chromium.how_to_get_it} installs it.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.path, args=list(BROWSER_FLAGS)
        )
        with (
            serving(Path(folder) / "var", "--no-demo") as server,
            opened(browser, server, viewport=SIZE, color_scheme="light") as screen,
        ):
            screen.open_run(steered_run(server), points=STEPS)
            for dismiss in screen.button("Dismiss").all():
                dismiss.click()
            screen.wait_for_chart("accuracy", points=2, markers=2)
            screen.page.screenshot(path=TARGET)
        browser.close()
    print(f"{TARGET.relative_to(Path.cwd())}: {TARGET.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
