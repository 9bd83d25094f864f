"""A foreign page in the browser in which the owner is signed in: it changes and reads nothing."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.screen import opened
from tests.live_server import LiveServer, serving
from tests.security.route_list import Operation, database_hash, operations
from tests.sizes import (
    ATTACKED_BY_SOCKET,
    ATTACKED_ELSEWHERE,
    ATTACKS_IN_FRAMES,
    Decks,
    session_seed,
)

SECRET = "secret-name-of-a-run"
ANSWERED_WITHIN_MS = 3_000
# Asks in every way that a page has; what each got to see, or null.
ATTACK = Path(__file__).with_name("attack.js").read_text()
WAYS = (
    *("fetch", "fetch JSON", "fetch as a form", "fetch with a guess", "fetch no-cors"),
    *("fetch same-origin", "XMLHttpRequest", "beacon", "beacon JSON"),
    *("image", "script", "module", "style", "video", "stream"),
)
# Each opens a frame, which takes long.
READING_IN_FRAMES = ("frame", "frame without an origin", "object", "embed")
CHANGING_IN_FRAMES = ("form text/plain", "form urlencoded", "form multipart")
OF_THE_PAGE = tuple(
    Operation("GET", path) for path in ("/", "/theme.js", "/panda.svg", "/plotly.css", "/ws")
)
EVIL = b"<!doctype html><title>evil</title><body></body>"


class Evil(BaseHTTPRequestHandler):
    """A page that may do whatever it likes."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(EVIL)))
        self.end_headers()
        self.wfile.write(EVIL)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def evil_port() -> Iterator[int]:
    """The port of the foreign page's server, on every name of this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Evil) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server in which nothing happens by itself, with a run that is over."""
    with serving(tmp_path_factory.mktemp("quiet") / "var", "--no-demo") as server:
        run = server.start_run("spirals", steps=12, name=SECRET)["id"]
        server.wait_for_status(run, "finished")
        yield server


@pytest.fixture
def evil(browser: Browser, quiet: LiveServer, evil_port: int) -> Iterator[Page]:
    """The foreign page, in a window beside that of the owner."""
    with opened(browser, quiet) as screen:
        page = screen.page.context.new_page()
        page.goto(f"http://127.0.0.1:{evil_port}/")
        assert page.title() == "evil"
        yield page


def state_of(server: LiveServer) -> tuple[str, list[str]]:
    """All that the server keeps."""
    runs = sorted(str(path) for path in (server.data_dir / "runs").rglob("*"))
    return database_hash(server.data_dir / "babysit.sqlite"), runs


def effective(operation: Operation) -> str:
    """A body that would change something."""
    name = operation.path.rpartition("/")[2]
    bodies: dict[str, dict[str, Any]] = {
        "runs": {"task": "spirals"},
        "{run_id}": {"name": "changed"},
        "notes": {"text": "changed"},
        "commands": {"kind": "stop"},
        "{checkpoint_id}": {"pinned": True},
        "session": {"token": "a-guess-of-the-attacker-0123456789"},
    }
    return json.dumps(bodies.get(name, {}))


def attack(page: Page, server: LiveServer, operation: Operation, names: list[str]) -> list[str]:
    """What of one operation another page got to see, by the ways of these names."""
    target = server.url + operation.at(run_id=1, checkpoint_id=1_000_001)
    target += "?format=json" if operation.path.endswith("/export") else ""
    told = {"target": target, "method": operation.method, "body": effective(operation)}
    seen = page.evaluate(ATTACK, {**told, "within": ANSWERED_WITHIN_MS, "names": names})
    assert len(seen) == len(names)
    # A frame of a refused answer may say that it is late: it has seen nothing.
    got = {way: what for way, what in seen.items() if what not in (None, "late")}
    return [f"{operation.method} {target} by {way}: {what}" for way, what in got.items()]


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


# By the address of the victim the browser counts the attacker as the same site, whatever its port:
# SameSite does not hold the cookie back then. By a name it is another site.
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_foreign_page_changes_and_reads_nothing_on_any_route(
    browser: Browser,
    quiet: LiveServer,
    evil_port: int,
    name: str,
    record_property: Callable[[str, object], None],
) -> None:
    decks, tried = Decks(session_seed()), 0
    chosen = [*operations(), *OF_THE_PAGE]
    if name == "localhost":
        chosen = random.Random(session_seed()).sample(chosen, min(ATTACKED_ELSEWHERE, len(chosen)))
    answered: set[tuple[int, str]] = set()
    with opened(browser, quiet) as screen:
        page = screen.page.context.new_page()
        page.goto(f"http://{name}:{evil_port}/")
        page.on("response", lambda answer: answered.add((answer.status, answer.url)))
        before = state_of(quiet)

        for number, operation in enumerate(chosen):
            in_frames = CHANGING_IN_FRAMES if operation.changes else READING_IN_FRAMES
            names = [*WAYS, *decks.deal(in_frames, ATTACKS_IN_FRAMES)]
            # After some that were refused the browser lets a socket wait for seconds.
            names += ["socket"] if number % ATTACKED_BY_SOCKET == 0 else []
            assert attack(page, quiet, operation, names) == []
            tried += len(names)

        assert state_of(quiet) == before
        of_the_api = [one for one in answered if urlsplit(one[1]).path.startswith("/api/")]
        assert [one for one in of_the_api if one[0] not in (401, 403, 405)] == []
        assert len(of_the_api) >= len(chosen) / 2  # they did reach the server
        record_property("attacks", tried)


def test_the_same_acts_of_the_own_page_do_change_and_read(
    browser: Browser, quiet: LiveServer
) -> None:
    before = state_of(quiet)
    with opened(browser, quiet) as screen:
        own = own_acts(screen.page, 1)

    assert (own["note"], own["name"], own["opened"]) == (201, 200, True)
    assert SECRET in own["read"]
    assert state_of(quiet) != before


def test_going_to_the_server_gives_another_page_no_hold_on_it(
    evil: Page, quiet: LiveServer, evil_port: int
) -> None:
    before = state_of(quiet)
    with evil.context.expect_page() as popped:
        evil.evaluate("url => { window.held = window.open(url); }", quiet.url)
    popped.value.wait_for_load_state()
    held = "() => { try { return held.document.body.innerText; } catch (e) { return e.name; } }"
    assert evil.evaluate(held) in ("SecurityError", "TypeError")
    assert evil.evaluate("held.closed") is True  # cut off by the opener policy
    popped.value.close()

    for path in ("/api/runs", "/api/runs/1/export?format=json", "/api/session/link"):
        evil.goto(f"http://127.0.0.1:{evil_port}/")
        evil.evaluate("url => { location.href = url; }", quiet.url + path)
        evil.wait_for_url(f"{quiet.url}/**")
        expect(evil.locator("body")).to_contain_text("Requests from other sites")
        assert SECRET not in evil.content()
    evil.goto(f"http://127.0.0.1:{evil_port}/")
    evil.evaluate(POST_ON, f"{quiet.url}/api/runs/1/notes")
    evil.wait_for_url(f"{quiet.url}/**")
    assert state_of(quiet) == before


POST_ON = """url => {
  const form = document.createElement("form");
  Object.assign(form, {action: url, method: "post", enctype: "text/plain"});
  const field = document.createElement("input");
  Object.assign(field, {name: '{"text":"changed","x":"', value: '"}'});
  form.append(field);
  document.body.append(form);
  form.submit();
}"""


def test_the_page_is_shown_in_no_frame(evil: Page, quiet: LiveServer) -> None:
    evil.evaluate(
        "url => new Promise((done) => { const frame = document.createElement('iframe');"
        "frame.onload = done; frame.src = url; document.body.append(frame); })",
        quiet.url,
    )

    framed = evil.frames[-1]
    assert framed.url.startswith(("chrome-error:", "about:"))
    assert "Babysit" not in framed.content()


def test_a_name_that_was_bound_to_this_machine_anew_gets_nothing(
    evil: Page, quiet: LiveServer
) -> None:
    """DNS rebinding: the foreign page's own name and port lead to the server."""
    rebound = quiet.url.replace("127.0.0.1", "evil.localhost")
    before = state_of(quiet)
    asked: list[str] = []

    def as_before_it_was_bound_anew(route: Route) -> None:
        route.fulfill(content_type="text/html", body=EVIL.decode())

    evil.route(f"{rebound}/?*", as_before_it_was_bound_anew)
    evil.goto(f"{rebound}/?attack")
    evil.unroute(f"{rebound}/?*")
    evil.on("request", lambda request: asked.append(request.url))
    found = evil.evaluate(
        """async () => {
            const asked = [["GET", "/api/runs"], ["GET", "/api/runs/1/events"], ["GET", "/"],
                ["POST", "/api/runs/1/notes"], ["DELETE", "/api/runs/1"]];
            const answers = [];
            for (const [method, path] of asked) {
                const body = method === "POST" ? '{"text": "pwned"}' : undefined;
                const headers = {"content-type": "application/json"};
                const answer = await fetch(path, {method, body, headers});
                answers.push([answer.status, (await answer.json()).error]);
            }
            return answers;
        }"""
    )

    assert found == [[421, "wrong_host"]] * 5
    assert [url for url in asked if url.startswith(quiet.url)] == []
    assert len(asked) == 5
    assert state_of(quiet) == before
