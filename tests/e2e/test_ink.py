"""The recorded cost is drawn live as after a reload: counted in pixels, column by column."""

from __future__ import annotations

import base64

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.screen import Screen, opened
from tests.sizes import INKED_RUNS, chosen

COLUMN_PX = 100
RUNS = (("spirals", 800, None), ("digits", 3000, None), ("spirals", 300, 150))
LEFT_PX, RIGHT_PX = 50, 100  # of the chart: its axis, and the labels at the ends of curves

# The raw cost is a light blue line or band. The average is darker, validation is orange.
COUNT = """async ([png, width]) => {
    const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes]));
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    const ink = new Array(Math.floor(image.width / width)).fill(0);
    for (let i = 0; i < data.length; i += 4) {
        const column = Math.floor(((i / 4) % image.width) / width);
        const blue = data[i + 2] - data[i];
        if (column < ink.length && blue > 15 && blue < 130) ink[column] += 1;
    }
    return ink;
}"""


def raw_ink(screen: Screen) -> list[int]:
    """Light blue pixels in each column of the cost chart."""
    box = screen.page.get_by_test_id("cost-chart").bounding_box()
    assert box is not None
    clip = {**box, "x": box["x"] + LEFT_PX, "width": box["width"] - LEFT_PX - RIGHT_PX}
    png = screen.page.screenshot(clip=clip)  # type: ignore[arg-type]
    counted: list[int] = screen.page.evaluate(COUNT, [base64.b64encode(png).decode(), COLUMN_PX])
    return counted


@pytest.mark.parametrize(("task", "steps", "pace"), chosen(RUNS, INKED_RUNS))
def test_the_raw_cost_is_drawn_live_as_after_a_reload(
    browser: Browser, screen: Screen, task: str, steps: int, pace: int | None
) -> None:
    screen.page.emulate_media(color_scheme="light")
    run = screen.server.start_run(task, steps=steps, max_steps_per_s=pace, paused=True)
    screen.server.wait_for_status(run["id"], "paused")
    screen.open(f"/?run={run['id']}")
    screen.button("Resume training").click()
    expect(screen.status).to_have_text("Finished")
    with opened(browser, screen.server, color_scheme="light") as second:
        second.open_run(run["id"], points=steps)
        loaded = raw_ink(second)

    def is_drawn_alike() -> bool:
        return raw_ink(screen) == pytest.approx(loaded, rel=0.02, abs=4)

    assert all(ink > 0 for ink in loaded)
    screen.server.wait_until(is_drawn_alike, "the live chart has the ink of a loaded one")
