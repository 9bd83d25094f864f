"""The page as a person meets it: things are found by their role and name, as they are spoken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect

from tests.live_server import LiveServer

DESKTOP = {"width": 1440, "height": 900}
WAITS_MS = 30_000
# What the browser itself logs when a request is refused on purpose, or the server was killed.
EXPECTED_LOG = re.compile(r"Failed to load resource")


@dataclass
class Screen:
    """One window on `server`."""

    page: Page
    server: LiveServer
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str = "/") -> None:
        self.page.goto(self.server.url + path)

    def open_run(self, run_id: int, points: int = 2) -> None:
        """Open a run and wait until its cost is drawn."""
        self.open(f"/?run={run_id}")
        self.wait_for_chart("cost", points=points)

    # -- finding things

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def textbox(self, name: str) -> Locator:
        return self.page.get_by_role("textbox", name=name, exact=True)

    def region(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=name, exact=True)

    @property
    def status(self) -> Locator:
        return self.page.get_by_role("status", name="Run status", exact=True)

    @property
    def journal(self) -> Locator:
        return self.page.get_by_role("log", name="Change journal", exact=True)

    @property
    def checkpoints(self) -> Locator:
        return self.page.get_by_role("tree", name="Checkpoints", exact=True).get_by_role("treeitem")

    @property
    def run_id(self) -> int:
        """The run in the address; 0: none."""
        return run_in(self.page.url)

    def wait_for_another_run(self, than: int) -> int:
        """Wait until the page shows another run; its id. than: 0 when it showed none."""
        self.page.wait_for_url(lambda url: run_in(url) not in (0, than))
        return self.run_id

    # -- doing things

    def type_value(self, name: str, text: str) -> None:
        """Type into a number field and press Enter, which applies it."""
        box = self.textbox(name)
        box.fill(text)
        box.press("Enter")

    def choose(self, name: str, value: str) -> None:
        self.page.get_by_role("combobox", name=name, exact=True).select_option(value)

    # -- looking behind the canvas: what the page says it has drawn

    def chart(self, name: str) -> dict[str, int]:
        found: dict[str, int] = self.page.evaluate(
            "name => window.__babysit?.charts[name] ?? {points: 0, markers: 0}", name
        )
        return found

    def wait_for_chart(
        self, name: str, *, points: int = 0, markers: int = 0, timeout_ms: int = WAITS_MS
    ) -> None:
        """Wait until a chart (cost, lr, momentum, accuracy) has drawn at least so many."""
        self.page.wait_for_function(
            """([name, points, markers]) => {
                const chart = window.__babysit?.charts[name];
                return chart && chart.points >= points && chart.markers >= markers;
            }""",
            arg=[name, points, markers],
            timeout=timeout_ms,
        )


def run_in(url: str) -> int:
    found = re.search(r"[?&]run=(\d+)", url)
    return int(found[1]) if found else 0


@contextmanager
def opened(
    browser: Browser, server: LiveServer, *, viewport: dict[str, int] | None = None, **options: Any
) -> Iterator[Screen]:
    """A window that came by the printed address. At its end: no error in its console, no request
    elsewhere.
    """
    with window(browser, server, viewport=viewport or DESKTOP, **options) as screen:
        sign_in(screen)
        yield screen
    assert screen.complaints == []


@contextmanager
def window(browser: Browser, server: LiveServer, **options: Any) -> Iterator[Screen]:
    """A window that shows nothing yet, and writes down what is wrong with what it shows."""
    context = browser.new_context(**options)
    context.set_default_timeout(WAITS_MS)
    page = context.new_page()
    screen = Screen(page, server)

    def note_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not EXPECTED_LOG.search(message.text):
            screen.complaints.append(f"console: {message.text}")

    def note_request(request: Request) -> None:
        if not request.url.startswith((f"{server.url}/", "data:", "blob:")):
            screen.complaints.append(f"request: {request.url}")

    page.on("console", note_console)
    page.on("pageerror", lambda error: screen.complaints.append(f"error: {error.stack}"))
    page.on("request", note_request)
    try:
        yield screen
    finally:
        context.close()


def be_signed_in(screen: Screen) -> None:
    """Without the page: to load it takes most of a second of processor time."""
    server = screen.server
    answer = screen.page.context.request.post(
        f"{server.url}/api/session",
        data={"token": server.token},
        headers={"Origin": server.url},
    )
    assert answer.ok, answer.text()


def sign_in(screen: Screen) -> None:
    """As a person does: by the address that the server printed."""
    screen.page.goto(screen.server.address)
    navigation = screen.page.get_by_role("navigation", name="Main")
    expect(navigation, f"{screen.server.output}").to_be_visible()


def forget(screen: Screen) -> None:
    """Leave a window as a new one is, with no page of the product in it."""
    screen.page.goto(f"{screen.server.url}/api/health")  # of the same origin, and runs nothing
    screen.page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
    screen.page.context.clear_cookies()
    screen.page.context.clear_permissions()
    screen.page.emulate_media(color_scheme="null")
    screen.page.set_viewport_size({"width": DESKTOP["width"], "height": DESKTOP["height"]})
    screen.complaints.clear()
