"""Hostile names, notes, tracebacks and files are shown as text, wherever the page shows them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from app.store.curves import SERIES_CHARACTERS_MAX
from app.web.export import inert
from tests.browser.payloads import BROKEN, FILE_NAME, PAYLOADS, TASK
from tests.browser.screen import Screen, opened
from tests.live import LiveServer, serving

CHECKS_MIN = 300
# What must never be there: something ran, or something is an element that was only a text.
HARM = """() => {
    const foreign = [...document.querySelectorAll(
        "script, iframe, object, embed, base, meta[http-equiv], link, a[href^='javascript:' i],"
        + " img, svg[onload], [onerror], [ontoggle], [onfocus], math, style")];
    return {
        ran: window.__pwned ?? null,
        elements: foreign.map(one => one.outerHTML.slice(0, 200)).filter(
            text => /__pwned|evil\\.example|src="x"/.test(text)),
        violations: window.__violations ?? [],
    };
}"""
LISTEN = """
    window.__violations = [];
    document.addEventListener("securitypolicyviolation",
        event => window.__violations.push(event.violatedDirective + " " + event.blockedURI));
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server where everything that can be named is named by a payload: run n by PAYLOADS[n]."""
    folder = tmp_path_factory.mktemp("hostile")
    models = folder / "models"
    models.mkdir()
    (models / "payloads.py").write_text(TASK)
    (models / "broken.py").write_text(BROKEN)
    (models / FILE_NAME).write_text(BROKEN)
    with serving(
        folder / "var", "--no-demo", BABYSIT_MODELS=str(models), BABYSIT_RECOVERY="0"
    ) as server:
        assert server.client.get("/api/tasks", params={"wait_s": 60}).json()["ready"]
        for text in PAYLOADS:
            one = server.start_run("payloads", name=text, note=text, values={"payload": text})
            commands = f"/api/runs/{one['id']}/commands"
            change = {"kind": "set", "values": {"learning_rate": 0.02}, "note": text}
            assert server.client.post(commands, json=change).status_code == 202
            server.client.post(f"/api/runs/{one['id']}/notes", json={"text": text})
        for one in server.client.get("/api/runs", params={"limit": 100}).json()["runs"]:
            server.wait_for_status(one["id"], "failed")
        yield server


@pytest.fixture
def window(browser: Browser, hostile: LiveServer) -> Iterator[Screen]:
    with opened(browser, hostile) as screen:
        screen.page.on("dialog", lambda dialog: screen.complaints.append(dialog.message))
        screen.page.add_init_script(LISTEN)
        yield screen


def run_named(server: LiveServer, text: str) -> int:
    return PAYLOADS.index(text) + 1


def assert_harmless(page: Page) -> None:
    assert page.evaluate(HARM) == {"ran": None, "elements": [], "violations": []}


def shown(page: Page) -> dict[str, list[str]]:
    """Every place of the Babysit page where one of the texts belongs, and what stands there."""
    found: dict[str, list[str]] = page.evaluate(
        """() => {
            const all = where => [...document.querySelectorAll(where)];
            const texts = where => all(where).map(one => one.textContent);
            const boxes = where => all(where).map(one => one.value);
            return {
                title: [document.title],
                switcher: boxes(".switcher-input"),
                name: boxes(".name-form input").slice(0, 1),
                description: boxes(".name-form input").slice(1),
                note: texts(".entry-text > span"),
                "why of a change": texts(".entry-text q"),
                value: texts(".facts dd"),
                traceback: texts(".alert pre"),
                "reason of the end": texts(".alert summary"),
            };
        }"""
    )
    return found


def test_every_text_is_a_text_on_the_page_of_its_run(
    window: Screen, record_property: Callable[[str, object], None]
) -> None:
    checks = 0
    for text in PAYLOADS:
        window.open(f"/?run={run_named(window.server, text)}")
        expect(window.page.locator(".alert pre")).to_have_count(1)
        expect(window.page.locator(".entry-text q")).not_to_have_count(0)
        expect(window.page.locator(".switcher-input")).to_have_value(starts_with(text))

        for place, texts in shown(window.page).items():
            stands = text.replace("_", " ") if place == "value" else text
            assert any(stands in one for one in texts), (place, text, texts)
            checks += 1
        assert_harmless(window.page)

    record_property("payloads", checks)
    assert checks >= CHECKS_MIN - 2 * len(PAYLOADS)


def test_every_text_is_a_text_in_the_lists_of_runs(
    window: Screen, record_property: Callable[[str, object], None]
) -> None:
    window.open("/runs")
    names = window.page.get_by_role("table").get_by_role("link")
    expect(names.first).to_be_visible()
    assert_all_in(names.all_text_contents())

    window.open("/?run=1")
    expect(window.page.locator(".switcher-input")).to_have_value(starts_with(PAYLOADS[0]))
    window.page.locator(".switcher-box button").click()
    options = window.page.locator(".option-name")
    expect(options).to_have_count(len(PAYLOADS))
    assert_all_in(options.all_text_contents())

    assert_harmless(window.page)
    record_property("payloads", 2 * len(PAYLOADS))


def test_what_a_task_file_says_of_itself_is_text_where_a_run_is_begun(window: Screen) -> None:
    window.open("/runs")
    window.button("New run").first.click()
    dialog = window.page.get_by_role("dialog", name="New run")

    said = dialog.locator("label").filter(has_text="payloads").filter(has_text=PAYLOADS[0])
    said.get_by_role("radio").check()

    for text in (PAYLOADS[0], PAYLOADS[4]):  # what the task is about, and a hyperparameter's label
        expect(dialog.get_by_text(text).first).to_be_visible()
    expect(dialog.locator("code").get_by_text("broken", exact=True)).to_be_visible()
    expect(dialog.get_by_text(f"RuntimeError: {PAYLOADS[1]}")).to_have_count(2)  # both files
    choices = dialog.locator("select option").all_text_contents()
    assert_all_in([text.replace(" ", "_") for text in choices], lambda text: text.replace(" ", "_"))
    assert_harmless(window.page)


def test_what_is_typed_wrongly_or_stands_in_the_address_does_nothing(window: Screen) -> None:
    for text in PAYLOADS:
        window.page.goto(f"{window.server.url}/?run={quote(text, safe='')}&x={quote(text)}")
        expect(window.page.get_by_role("navigation", name="Main")).to_be_visible()
        assert_harmless(window.page)
    window.page.goto(f"{window.server.url}/runs/{quote(PAYLOADS[0], safe='')}#{PAYLOADS[1]}")
    expect(window.page.get_by_role("navigation", name="Main")).to_be_visible()

    run = window.server.start_run("spirals", steps=100_000, max_steps_per_s=100)
    window.open_run(run["id"])
    for text in PAYLOADS[:12]:
        window.type_value("Learning rate value", text)
        assert_harmless(window.page)
    window.textbox("Note").fill(PAYLOADS[1])
    window.button("Add note").click()
    expect(window.journal.get_by_text(PAYLOADS[1])).to_be_visible()
    assert_harmless(window.page)
    window.server.client.post(f"/api/runs/{run['id']}/commands", json={"kind": "stop"})


def test_a_file_to_take_away_does_no_harm_where_it_is_opened(
    browser: Browser, hostile: LiveServer, tmp_path: Path
) -> None:
    """The HTML file is opened without the server's headers, the table as a spreadsheet would."""
    context = browser.new_context()
    page = context.new_page()
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    for text in PAYLOADS:
        ident = run_named(hostile, text)
        exported = hostile.client.get(f"/api/runs/{ident}/export", params={"format": "html"})
        assert exported.headers["content-disposition"].startswith('attachment; filename="run-')
        file = tmp_path / "run.html"
        file.write_bytes(exported.content)
        page.goto(file.as_uri())
        assert page.evaluate("window.__pwned") is None
        assert text.strip() in page.evaluate("document.body.textContent"), text
    context.close()

    table = hostile.client.get("/api/runs/1/export", params={"format": "csv"}).text
    rows = list(csv.reader(io.StringIO(table)))
    names = {row[1] for row in rows[1:]}
    assert {inert(f"val/{text}"[:SERIES_CHARACTERS_MAX]) for text in PAYLOADS} <= names
    for row in rows:
        for cell in row:
            assert is_a_number(cell) or not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell


def assert_all_in(texts: list[str], seen: Callable[[str], str] = lambda text: text) -> None:
    missing = [text for text in PAYLOADS if not any(seen(text) in one for one in texts)]
    assert missing == []


def is_a_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def starts_with(text: str) -> re.Pattern[str]:
    return re.compile("^" + re.escape(text) + r" #\d+$")
