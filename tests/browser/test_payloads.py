"""Text that is code somewhere is shown as text, in every place in which the page shows text."""

from __future__ import annotations

import csv
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from app.web.export import inert
from tests.browser.hostile_text import PAYLOADS, WATCH, came_alive, found_as_text
from tests.browser.screen import Screen, opened
from tests.live import LiveServer, serving

Record = Callable[[str, object], None]
FILE_NAMES = tuple(text for text in PAYLOADS if "/" not in text and "_" not in text)
# A name in a task's file has its dashes for underlines.
IN_FILES = tuple(text.replace("window.__pwned", "pwned") for text in PAYLOADS if "/" not in text)
TASK = """
    import torch
    from torch import nn
    from babysit.task import Data, Examples, Hyperparameter, Task, mean_squared_error

    TEXTS = {texts!r}

    def load():
        x = torch.linspace(0, 1, 40).unsqueeze(1)
        return Data(train=Examples(x, x), val=Examples(x[:8], x[:8]))

    def cost(output, y, values):
        {raises}
        return mean_squared_error(output, y, values)

    TASK = Task(
        title=TEXTS[{number}], summary=TEXTS[{number} + 1], kind="regression", load=load,
        build=lambda values: nn.Linear(1, 1), cost=cost, steps=40, evaluate_every=5,
        metrics={{text: (lambda output, y: (output - y).abs().mean()) for text in TEXTS}},
        hyperparameters=(Hyperparameter(name="twist", label=TEXTS[2], tier=1, default=0.5,
            low=0.0, high=1.0, unit=TEXTS[3], help=TEXTS[4] + "."),),
    )
"""


def task_file(number: int = 0, raises: str = "") -> str:
    text = textwrap.dedent(TASK)
    return text.format(texts=list(PAYLOADS), number=number, raises=raises or "pass")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveServer, int, int]]:
    """A server in which every text is one of them; a run that is over, and one that raised."""
    folder = tmp_path_factory.mktemp("hostile")
    models = folder / "models"
    models.mkdir()
    (models / "measured.py").write_text(task_file())
    (models / "raising.py").write_text(task_file(5, 'raise ValueError("\\n".join(TEXTS))'))
    for text in IN_FILES[:8]:
        (models / f"{text}.py").write_text(f"raise ValueError({text!r})\n")
    with serving(folder / "var", "--no-demo", BABYSIT_MODELS=str(models)) as server:
        server.client.get("/api/tasks", params={"wait_s": 60})
        run = server.start_run("measured", steps=40, name=PAYLOADS[0], note=PAYLOADS[1])["id"]
        server.wait_for_status(run, "finished")
        for text in PAYLOADS:
            made = {"name": text, "note": text}
            other = server.start_run("measured", steps=1, **made)["id"]
            server.client.post(f"/api/runs/{run}/notes", json={"text": text, "step": 20})
        server.wait_for_status(other, "finished")
        steered = server.start_run("measured", steps=100_000, max_steps_per_s=50, name="steered")
        for number, text in enumerate(PAYLOADS):
            values = {"learning_rate": 0.001 * (number + 1)}
            server.command(steered["id"], "set", values=values, note=text)
        server.command(steered["id"], "stop")
        raised = server.start_run("raising", steps=40, name=PAYLOADS[2])["id"]
        server.wait_for_status(raised, "failed", timeout_s=60)
        server.steered = steered["id"]  # type: ignore[attr-defined]
        yield server, run, raised


@pytest.fixture
def looked(browser: Browser, hostile: tuple[LiveServer, int, int]) -> Iterator[Screen]:
    """A window that notices whatever comes alive."""
    with opened(browser, hostile[0]) as screen:
        screen.page.context.add_init_script(WATCH)
        screen.page.on("dialog", lambda dialog: screen.complaints.append(dialog.message))
        yield screen


def told(page: Page, record_property: Record, texts: tuple[str, ...], places: int) -> None:
    """All of the texts are on the page as they were written, at least so often together."""
    page.wait_for_function("() => document.readyState === 'complete'")
    found = found_as_text(page, texts)
    missing = [text for text, count in zip(texts, found, strict=True) if not count]
    assert missing == []
    assert came_alive(page) == []
    assert sum(found) >= places
    record_property("payload_checks", sum(found))
