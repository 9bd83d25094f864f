"""Text that is code somewhere is shown as text, in every place in which the page shows text."""

from __future__ import annotations

import csv
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from app.web.routes.export import inert
from tests.e2e.hostile_text import PAYLOADS, WATCH, came_alive, found_as_text
from tests.e2e.screen import Screen, opened
from tests.live_server import LiveServer, serving

pytestmark = pytest.mark.sampled(5)

Record = Callable[[str, object], None]
# A name of a file holds no slash; its underlines become dashes in the name of the task.
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


# ---- the page of a run ---------------------------------------------------------------------------


def test_notes_in_the_journal(
    looked: Screen, hostile: tuple[LiveServer, int, int], record_property: Record
) -> None:
    looked.open_run(hostile[1])
    expect(looked.journal.get_by_role("article").first).to_be_visible()
    looked.page.wait_for_function(
        "count => document.querySelectorAll('[role=log] article').length >= count",
        arg=len(PAYLOADS),
    )

    told(looked.page, record_property, PAYLOADS, len(PAYLOADS))


def test_reasons_of_changes_and_the_table_of_the_cost(
    looked: Screen, hostile: tuple[LiveServer, int, int], record_property: Record
) -> None:
    looked.open_run(hostile[0].steered)  # type: ignore[attr-defined]
    looked.page.wait_for_function(
        "count => document.querySelectorAll('[role=log] article').length >= count",
        arg=len(PAYLOADS),
    )

    told(looked.page, record_property, PAYLOADS, len(PAYLOADS))


def test_marks_of_the_charts_under_the_crosshair(
    looked: Screen, hostile: tuple[LiveServer, int, int], record_property: Record
) -> None:
    looked.open_run(hostile[1])
    looked.wait_for_chart("cost", points=2, markers=1)
    looked.button("View cost as table").click()
    expect(looked.page.get_by_role("group", name="Cost as table")).to_be_visible()

    told(looked.page, record_property, PAYLOADS, 2 * len(PAYLOADS))

    looked.button("View cost as table").click()
    figure = looked.page.get_by_role("figure", name="Cost chart", exact=True)
    box = figure.bounding_box()
    assert box
    for part in range(40, 60):  # the notes are at the middle
        looked.page.mouse.move(box["x"] + box["width"] * part / 100, box["y"] + box["height"] / 2)
    assert came_alive(looked.page) == []


def test_names_of_metrics(
    looked: Screen, hostile: tuple[LiveServer, int, int], record_property: Record
) -> None:
    looked.open_run(hostile[1])
    figure = looked.page.get_by_role("figure", name="Learning curves chart", exact=True)
    figure.scroll_into_view_if_needed()  # what is not in sight is not drawn
    looked.wait_for_chart("accuracy", points=2)
    assert came_alive(looked.page) == []  # at the ends of the curves

    looked.button("View learning curves as table").click()
    expect(looked.page.get_by_role("group", name="Learning curves as table")).to_be_visible()

    names = tuple(f"val/{text}" for text in PAYLOADS)
    told(looked.page, record_property, names, len(names))


def test_a_traceback(
    looked: Screen, hostile: tuple[LiveServer, int, int], record_property: Record
) -> None:
    looked.open(f"/?run={hostile[2]}")
    alert = looked.page.get_by_role("alert", name="Alerts")
    alert.locator("summary").click()
    expect(alert.locator("pre")).to_be_visible()

    told(looked.page, record_property, PAYLOADS[8:], len(PAYLOADS[8:]))


# ---- lists and dialogs ---------------------------------------------------------------------------


def test_names_and_descriptions_in_the_list_of_runs(
    looked: Screen, hostile: tuple[LiveServer, int, int], record_property: Record
) -> None:
    looked.open("/runs")
    expect(looked.page.get_by_role("row").nth(len(PAYLOADS))).to_be_visible()

    # name, description, and the two buttons that name the run
    told(looked.page, record_property, PAYLOADS, 4 * len(PAYLOADS))


def test_names_in_the_switcher_and_in_the_title(
    looked: Screen, hostile: tuple[LiveServer, int, int], record_property: Record
) -> None:
    looked.open_run(hostile[1])
    looked.page.get_by_role("combobox", name="Run", exact=True).click()
    options = looked.page.get_by_role("option")
    expect(options.nth(len(PAYLOADS) - 1)).to_be_attached()

    told(looked.page, record_property, PAYLOADS, len(PAYLOADS))
    assert PAYLOADS[0] in looked.page.title()


def test_names_in_notices(
    looked: Screen, hostile: tuple[LiveServer, int, int], record_property: Record
) -> None:
    looked.open("/runs")
    notices = looked.page.get_by_role("region", name="Notifications")
    for text in (PAYLOADS[2], PAYLOADS[12]):
        looked.page.get_by_role("button", name=f"Move {text} to the trash").last.click()
        expect(notices).to_contain_text(text)
        assert came_alive(looked.page) == []
        notices.get_by_role("button", name="Undo", exact=True).click()
        record_property("payload_checks", 1)


def test_tasks_files_titles_and_errors_in_the_dialog(
    looked: Screen, hostile: tuple[LiveServer, int, int], record_property: Record
) -> None:
    looked.button("New run").first.click()
    dialog = looked.page.get_by_role("dialog", name="New run")
    names = tuple(text.replace("_", "-") for text in IN_FILES[:8])
    for name in names:
        expect(dialog.get_by_text(name, exact=True).first).to_be_visible()
    told(looked.page, record_property, (*names, *IN_FILES[:8]), 2 * len(names))

    dialog.get_by_text("measured", exact=True).click()
    expect(dialog.get_by_text(PAYLOADS[4])).to_be_visible()
    shown = (PAYLOADS[0], PAYLOADS[1], PAYLOADS[2], PAYLOADS[3], PAYLOADS[4])
    told(looked.page, record_property, shown, len(shown))


def test_what_is_typed_into_the_page_and_refused(
    looked: Screen, hostile: tuple[LiveServer, int, int], record_property: Record
) -> None:
    """The ways in that a person has; the answer is said beside the field, or as a notice."""
    looked.open_run(hostile[1])
    for text in PAYLOADS[:6]:
        looked.textbox("Note").fill(text)
        assert came_alive(looked.page) == []
        record_property("payload_checks", 1)
    looked.open(f"/?run={hostile[1]}&x=%3Cscript%3Ewindow.__pwned=1%3C/script%3E#<img src=x>")
    expect(looked.status).to_be_visible()
    assert came_alive(looked.page) == []


# ---- what is taken away --------------------------------------------------------------------------


def test_the_exported_page(
    browser: Browser,
    hostile: tuple[LiveServer, int, int],
    tmp_path: Path,
    record_property: Record,
) -> None:
    """It is opened from the disk, where no policy of the server is."""
    server, run, _ = hostile
    file = tmp_path / "run.html"
    answer = server.client.get(f"/api/runs/{run}/export?format=html")
    file.write_bytes(answer.content)
    with browser.new_context() as context:
        context.add_init_script(WATCH)
        page = context.new_page()
        page.goto(file.as_uri())
        page.wait_for_selector("svg.main-svg")

        names = tuple(f"val/{text}" for text in PAYLOADS)
        found = found_as_text(page, names)

        assert [name for name, count in zip(names, found, strict=True) if not count] == []
        assert came_alive(page, inline_script=True) == []
        record_property("payload_checks", sum(found))


def test_the_tables_are_inert_and_the_files_are_files(
    hostile: tuple[LiveServer, int, int], record_property: Record
) -> None:
    server, run, _ = hostile
    kinds = {}
    for format in ("csv", "json", "markdown", "html", "recipe"):
        answer = server.client.get(f"/api/runs/{run}/export?format={format}")
        kinds[format] = answer.headers
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert answer.headers["x-content-type-options"] == "nosniff"
    rows = list(
        csv.reader(server.client.get(f"/api/runs/{run}/export?format=csv").text.splitlines())
    )

    cells: list[Any] = [cell for row in rows for cell in row]

    assert {text for text in PAYLOADS if f"val/{text}" in cells} == set(PAYLOADS)
    signs = ("=", "+", "@", "\t", "\r")
    assert [cell for cell in cells if cell.startswith(signs)] == []
    assert [cell for cell in cells if cell.startswith("-") and not is_number(cell)] == []
    assert all(inert(text).startswith("'") for text in PAYLOADS if text.startswith(("=", "+", "@")))
    record_property("payload_checks", len(PAYLOADS))


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
