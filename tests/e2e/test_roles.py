"""Who looks at the page: one who only watches, one whose token was renewed, one behind a proxy."""

from __future__ import annotations

import dataclasses
import re

from playwright.sync_api import Browser, expect

from app.security.tokens import new_token
from tests.e2e.screen import Screen, opened
from tests.live_server import LiveServer
from tests.reverse_proxy import Manners, reverse_proxy

STEERING = [
    "New run",
    "Pause training",
    "Stop training",
    "Save checkpoint",
    "Rewind to checkpoint",
    "Fork from checkpoint",
    "Undo last change",
    "Add note",
    "Replay",
    "Copy a link to watch",
]


def test_who_came_by_a_link_to_watch_sees_it_live_and_cannot_change_it(
    browser: Browser, screen: Screen, slow_run: int
) -> None:
    screen.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    screen.open_run(slow_run)
    screen.button("Copy a link to watch").click()
    expect(screen.page.get_by_text("View-only link copied").first).to_be_visible()
    link = str(screen.page.evaluate("navigator.clipboard.readText()"))
    assert f"?run={slow_run}#t=" in link
    assert screen.server.token not in link

    with opened(browser, dataclasses.replace(screen.server, address=link)) as viewer:
        viewer.wait_for_chart("cost", points=2)
        expect(viewer.page.get_by_text("Watching only", exact=True)).to_be_visible()
        assert "#" not in viewer.page.url
        step = screen.server.run(slow_run)["step"]
        viewer.wait_for_chart("cost", points=step + 50)  # it goes on while one looks
        for name in STEERING:
            expect(viewer.button(name), name).to_have_count(0)
        expect(viewer.button("Halve learning rate")).to_have_attribute("aria-disabled", "true")
        expect(viewer.textbox("Learning rate value")).to_be_disabled()
        for key in (" ", "[", "c", "u"):
            viewer.page.keyboard.press(key)
        viewer.open("/runs")
        expect(viewer.page.get_by_role("table")).to_be_visible()
        expect(viewer.page.get_by_role("button", name=re.compile("^(Rename|Move) "))).to_have_count(
            0
        )

    assert screen.server.run(slow_run)["status"] == "running"
    assert screen.server.events(slow_run, "command_sent") == []


def test_a_new_token_sends_to_the_door_whoever_came_by_the_old_one(
    browser: Browser, screen: Screen, slow_run: int
) -> None:
    server = screen.server
    old = (server.data_dir / "viewer-token").read_text().strip()
    screen.open_run(slow_run)
    with opened(browser, dataclasses.replace(server, address=f"{server.url}/#t={old}")) as viewer:
        token = new_token(server.data_dir, "viewer")

        expect(viewer.page.get_by_role("heading", name="Sign in")).to_be_visible()
        viewer.page.get_by_label("Token").fill(token)
        viewer.button("Sign in").click()
        expect(viewer.page.get_by_text("Watching only", exact=True)).to_be_visible()
    screen.button("Pause training").click()  # the owner's token is still the same
    expect(screen.button("Resume training")).to_be_visible()


def test_below_the_path_of_a_proxy_the_page_finds_all_that_is_its_own(
    browser: Browser, server: LiveServer, slow_run: int
) -> None:
    manners = Manners(server.url.removeprefix("http://"), "/panda/house", strips=True)
    with reverse_proxy(manners) as url:
        root = f"{url}/panda/house"
        address = f"{root}/#t={server.token}"
        there = dataclasses.replace(server, url=root, address=address)
        with opened(browser, there) as screen:  # looks that nothing is asked for elsewhere
            screen.open_run(slow_run)
            screen.wait_for_chart("cost", points=server.run(slow_run)["step"] + 50)
            screen.page.get_by_role("link", name="Runs", exact=True).click()
            expect(screen.page).to_have_url(f"{root}/runs")
            screen.page.reload()
            screen.page.get_by_role("table").get_by_role("link").first.click()
            expect(screen.page).to_have_url(re.compile(re.escape(root) + r"/\?run=\d+"))
            screen.button("Pause training").click()
            expect(screen.button("Resume training")).to_be_visible()
            screen.open("/no/such/place")
            expect(screen.page.get_by_role("navigation", name="Main")).to_be_visible()
