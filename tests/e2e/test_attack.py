"""A foreign page in the browser in which the owner is signed in: it changes and reads nothing."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, Request, Response, Route

from tests.e2e.attacker import PAGE, attacker
from tests.e2e.screen import Screen
from tests.live_server import LiveServer

ATTEMPTS_MIN = 100
QUIET_S = 1.5  # the server looks at its workers every second


def state_of(data_dir: Path) -> str:
    """A hash of all that the server keeps."""
    every = hashlib.sha256()
    with sqlite3.connect(f"file:{data_dir / 'babysit.sqlite'}?mode=ro", uri=True) as database:
        for line in database.iterdump():
            every.update(line.encode(errors="surrogatepass"))
    for path in sorted((data_dir / "runs").rglob("*")):
        every.update(str(path).encode())
    return every.hexdigest()


def settled(server: LiveServer) -> str:
    """The state once nothing has moved for a while: the last worker has said its last word."""
    last, since_s = "", time.monotonic()

    def look() -> str | None:
        nonlocal last, since_s
        now = state_of(server.data_dir)
        if now != last:
            last, since_s = now, time.monotonic()
        return now if time.monotonic() - since_s > QUIET_S else None

    return server.wait_until(look, "nothing moves any more")


@dataclass
class ReceivedEvent:
    """What goes from a page to the API from now on, and the answers that the browser shows."""

    page: Page
    server: LiveServer
    asked: list[str] = field(default_factory=list)
    answered: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", self._request)
        self.page.on("response", self._response)

    def _is_api(self, url: str) -> bool:
        return url.startswith(f"{self.server.url}/api/") and not url.endswith("/api/health")

    def _request(self, request: Request) -> None:
        if self._is_api(request.url):
            self.asked.append(f"{request.method} {request.url}")

    def _response(self, response: Response) -> None:
        if self._is_api(response.url):
            self.answered.append((response.status, response.url))


def attack_from(page: Page, origin: str, server: LiveServer, run_id: int) -> dict[str, Any]:
    page.goto(f"{origin}/?{urlencode({'victim': server.url, 'run': run_id})}")
    found: dict[str, Any] = page.evaluate("attack()")
    return found


@pytest.fixture
def ended(server: LiveServer) -> int:
    run = server.start_run("spirals", steps=12)
    server.wait_for_status(run["id"], "finished")
    return int(run["id"])


# By the address of the victim the browser counts the attacker as the same site, whatever its port:
# SameSite does not hold the cookie back then. By a name it is another site.
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_foreign_page_changes_and_reads_nothing(screen: Screen, ended: int, name: str) -> None:
    server, page = screen.server, screen.page.context.new_page()
    before = settled(server)
    received = ReceivedEvent(page, server)

    with attacker() as port:
        found = attack_from(page, f"http://{name}:{port}", server, ended)

    assert found["tried"] >= ATTEMPTS_MIN
    assert found["stolen"] == []
    assert state_of(server.data_dir) == before
    assert len(received.asked) > ATTEMPTS_MIN / 2
    assert [answer for answer in received.answered if answer[0] not in (401, 403, 405)] == []
    assert len(received.answered) > 20
    page.close()


def test_the_same_acts_of_the_own_page_do_change_and_read(screen: Screen, ended: int) -> None:
    server = screen.server
    before = settled(server)

    read = screen.page.evaluate("async () => (await fetch('/api/runs')).status")
    noted = screen.page.evaluate(
        """async run => (await fetch(`/api/runs/${run}/notes`, {
            method: "POST", headers: {"content-type": "application/json"},
            body: '{"text": "by the owner"}'})).status""",
        ended,
    )
    opens = screen.page.evaluate(
        """() => new Promise(done => {
            const source = new EventSource("/api/stream");
            source.onopen = () => { source.close(); done(true); };
            source.onerror = () => done(false);
        })"""
    )

    assert (read, noted, opens) == (200, 201, True)
    assert state_of(server.data_dir) != before


def test_a_name_that_was_bound_to_this_machine_anew_gets_nothing(
    screen: Screen, ended: int
) -> None:
    """DNS rebinding: the foreign page's own name and port lead to the server."""
    server, page = screen.server, screen.page.context.new_page()
    rebound = server.url.replace("127.0.0.1", "evil.localhost")
    before = settled(server)

    def as_before_it_was_bound_anew(route: Route) -> None:
        route.fulfill(content_type="text/html", body=PAGE)

    page.route(f"{rebound}/?*", as_before_it_was_bound_anew)
    page.goto(f"{rebound}/?{urlencode({'victim': rebound, 'run': ended})}")
    page.unroute(f"{rebound}/?*")
    received = ReceivedEvent(page, server)
    found = page.evaluate(
        """async run => {
            const asked = [["GET", "/api/runs"], ["GET", `/api/runs/${run}/events`], ["GET", "/"],
                ["POST", `/api/runs/${run}/notes`], ["DELETE", `/api/runs/${run}`]];
            const answers = [];
            for (const [method, path] of asked) {
                const body = method === "POST" ? '{"text": "pwned"}' : undefined;
                const headers = {"content-type": "application/json"};
                const answer = await fetch(path, {method, body, headers});
                answers.push([answer.status, (await answer.json()).error]);
            }
            return answers;
        }""",
        ended,
    )

    assert found == [[421, "wrong_host"]] * 5
    assert received.asked == []  # nothing went to the server's own address
    assert state_of(server.data_dir) == before
    page.close()
