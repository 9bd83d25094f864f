"""Every route, in every way that a page has, from another port of the same name: nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.screen import Screen, opened
from tests.live_server import LiveServer, serving
from tests.security.route_list import Operation, database_hash, operations

SECRET = "secret-name-of-a-run"
ANSWERED_WITHIN_MS = 4_000
# Each opens a frame, which takes long: they take turns.
FORMS = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data")
# Asks in every way that a page has; what each got to see, or null.
WAYS = Path(__file__).with_name("attack.js").read_text()


class Evil(BaseHTTPRequestHandler):
    """A page that may do whatever it likes."""

    def do_GET(self) -> None:
        page = b"<!doctype html><title>evil</title><body></body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing."""


@pytest.fixture
def evil_port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Evil) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server in which nothing happens by itself, with a run that is over."""
    with serving(tmp_path_factory.mktemp("quiet") / "var", "--no-demo") as server:
        run = server.start_run("spirals", steps=12, name=SECRET)["id"]
        server.wait_for_status(run, "finished")
        yield server


def effective(operation: Operation) -> str:
    """A body that would change something."""
    name = operation.path.rpartition("/")[2]
    bodies: dict[str, dict[str, Any]] = {
        "runs": {"task": "spirals"},
        "{run_id}": {"name": "changed"},
        "notes": {"text": "changed"},
        "commands": {"kind": "stop"},
        "{checkpoint_id}": {"pinned": True},
    }
    return json.dumps(bodies.get(name, {}))


def own_acts(page: Page, run_id: int) -> dict[str, Any]:
    """The same acts from the page itself; what came of them."""
    seen: dict[str, Any] = page.evaluate(
        """async (id) => {
          const headers = {"Content-Type": "application/json"};
          const ask = async (path, method, body) =>
            (await fetch(path, {method, headers, body: JSON.stringify(body)})).status;
          const stream = new EventSource("/api/stream");
          const opened = await new Promise((done) => {
            stream.onopen = () => done(true);
            stream.onerror = () => done(false);
          });
          stream.close();
          return {
            note: await ask(`/api/runs/${id}/notes`, "POST", {text: "mine"}),
            name: await ask(`/api/runs/${id}`, "PATCH", {note: "mine"}),
            read: await (await fetch("/api/runs")).text(),
            opened,
          };
        }""",
        run_id,
    )
    return seen


def test_another_page_changes_and_reads_nothing_on_any_route(
    browser: Browser,
    quiet: LiveServer,
    evil_port: int,
    record_property: Callable[[str, object], None],
) -> None:
    """The same site, so the browser sends the session's cookie along; test_attack.py has others."""
    with opened(browser, quiet) as screen:
        page = screen.page.context.new_page()
        page.goto(f"http://127.0.0.1:{evil_port}/")
        assert page.evaluate("document.title") == "evil"
        before = database_hash(quiet.data_dir / "babysit.sqlite")
        tried = 0
        for number, operation in enumerate(operations()):
            target = quiet.url + operation.at(run_id=1, checkpoint_id=1_000_001)
            target += "?format=json" if operation.path.endswith("/export") else ""
            told = {"target": target, "method": operation.method, "body": effective(operation)}
            seen = page.evaluate(
                WAYS, {**told, "within": ANSWERED_WITHIN_MS, "forms": [FORMS[number % 3]]}
            )
            # A blank frame of a refused answer may say that it is late: it has seen nothing.
            got = {way: what for way, what in seen.items() if what not in (None, "late")}
            assert got == {}, (operation.method, target)
            tried += len(seen)
        assert database_hash(quiet.data_dir / "babysit.sqlite") == before

        own = own_acts(screen.page, 1)

        record_property("attacks", tried)
        assert (own["note"], own["name"], own["opened"]) == (201, 200, True)
        assert SECRET in own["read"]
        assert database_hash(quiet.data_dir / "babysit.sqlite") != before
        assert tried > 250


def test_going_to_the_server_gives_another_page_no_hold_on_it(
    browser: Browser, quiet: LiveServer, evil_port: int
) -> None:
    with opened(browser, quiet) as screen:
        page = screen.page.context.new_page()
        page.goto(f"http://127.0.0.1:{evil_port}/")
        before = database_hash(quiet.data_dir / "babysit.sqlite")
        with screen.page.context.expect_page() as popped:
            page.evaluate("url => { window.held = window.open(url); }", quiet.url)
        popped.value.wait_for_load_state()
        held = "() => { try { return held.document.body.innerText; } catch (e) { return e.name; } }"
        assert page.evaluate(held) in ("SecurityError", "TypeError")
        assert page.evaluate("held.closed") is True  # cut off by the opener policy
        popped.value.close()

        for path in ("/api/runs", "/api/runs/1/export?format=json", "/api/session/link"):
            page.goto(f"http://127.0.0.1:{evil_port}/")
            page.evaluate("url => { location.href = url; }", quiet.url + path)
            page.wait_for_url(f"{quiet.url}/**")
            expect(page.locator("body")).to_contain_text("Requests from other sites")
            assert SECRET not in page.content()
        page.goto(f"http://127.0.0.1:{evil_port}/")
        page.evaluate(POST_ON, f"{quiet.url}/api/runs/1/notes")
        page.wait_for_url(f"{quiet.url}/**")
        assert database_hash(quiet.data_dir / "babysit.sqlite") == before


POST_ON = """url => {
  const form = document.createElement("form");
  Object.assign(form, {action: url, method: "post", enctype: "text/plain"});
  const field = document.createElement("input");
  Object.assign(field, {name: '{"text":"changed","x":"', value: '"}'});
  form.append(field);
  document.body.append(form);
  form.submit();
}"""


def test_the_page_is_shown_in_no_frame(screen: Screen, evil_port: int) -> None:
    page = screen.page.context.new_page()
    page.goto(f"http://127.0.0.1:{evil_port}/")

    page.evaluate(
        "url => new Promise((done) => { const frame = document.createElement('iframe');"
        "frame.onload = done; frame.src = url; document.body.append(frame); })",
        screen.server.url,
    )

    framed = page.frames[-1]
    assert framed.url.startswith(("chrome-error:", "about:"))
    assert "Babysit" not in framed.content()
