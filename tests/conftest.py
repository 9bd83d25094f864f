"""What all tests share: a real server, a real PostgreSQL, a real browser; and what is missing."""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

pytest.register_assert_rewrite("tests.live_server", "tests.e2e.screen")

from tests.live_server import LiveServer, serving  # noqa: E402
from tests.postgres import create_database, running_postgres  # noqa: E402
from tests.services import Service, find_chromium, find_postgres  # noqa: E402

BROWSER_FLAGS = (
    "--no-sandbox",  # the tests may run as root, and open only the page of this server
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

NEEDED_BY = {"postgres_url": find_postgres, "browser": find_chromium}
missing_services = pytest.StashKey[dict[str, tuple[Service, int]]]()


# ---- tests whose service is missing: left out, and said so ------------------------------------


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out the tests that cannot run here. On CI (CI is set) that is an error instead."""
    config.stash[missing_services] = {}
    for fixture, find in NEEDED_BY.items():
        service = find()
        if service.path:
            continue
        without = [item for item in items if fixture in getattr(item, "fixturenames", ())]
        if without and os.environ.get("CI"):
            raise pytest.UsageError(
                f"{len(without)} tests need {service.name}, which is not on this machine: "
                f"{service.how_to_get_it} installs it."
            )
        items[:] = [item for item in items if item not in without]
        config.hook.pytest_deselected(items=without)
        if without:
            config.stash[missing_services][fixture] = (service, len(without))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for count, what in counted(terminalreporter):
        terminalreporter.line(f"{count:,} {what}")
    terminalreporter.line(f"{SEED_VARIABLE}={session_seed()} draws the same steps again")
    for service, count in config.stash.get(missing_services, not_counted()).values():
        terminalreporter.section(f"{service.name} is missing", red=True, bold=True)
        terminalreporter.line(
            f"{count or 'Some'} tests were NOT run: they need {service.name}, which is not on this "
            f"machine. {service.how_to_get_it} installs it."
        )


def not_counted() -> dict[str, tuple[Service, int]]:
    """Where the tests run in other processes, which do not say how many they left out."""
    found = ((fixture, find()) for fixture, find in NEEDED_BY.items())
    return {fixture: (service, 0) for fixture, service in found if not service.path}


# ---- a server ---------------------------------------------------------------------------------

Serve = Callable[..., AbstractContextManager[LiveServer]]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def serve() -> Serve:
    """`with serve(data_dir, "--no-demo", BABYSIT_X="...") as server:` for tests that restart it."""
    return serving


@pytest.fixture
def server(data_dir: Path) -> Iterator[LiveServer]:
    """A server without the demo run and with an empty data directory."""
    with serving(data_dir, "--no-demo") as live:
        yield live


# ---- what is drawn ----------------------------------------------------------------------------

SEED_VARIABLE = "BABYSIT_TEST_SEED"  # to draw the same steps again


def pytest_configure() -> None:
    """Draw the seed of the session once: further processes of it inherit it."""
    if not os.environ.get(SEED_VARIABLE):
        os.environ[SEED_VARIABLE] = str(random.SystemRandom().randrange(10**6))


# What tests count with `record_property`: how much was tried in all is said at the end.
COUNTED = {
    "combinations": "combinations of exact resume, each after a SIGKILL",
    "crashes": "crashes of the whole system: server, nursery and workers killed together",
    "points": "points worked out again after crashes",
    "gate_combinations": "requests of every kind at the gate, each judged by the rules",
    "hostile_requests": "hostile requests over sockets",
    "schema_cases": "cases made by schemathesis from the description of the API",
    "payload_checks": "places of the page in which hostile text was looked at",
    "attacks": "attacks from another site's page in a browser",
}


def counted(terminalreporter: pytest.TerminalReporter) -> Iterator[tuple[int, str]]:
    """How often each of these was tried in this session."""
    told = [
        dict(report.user_properties)
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
    ]
    for name, what in COUNTED.items():
        if any(name in properties for properties in told):
            yield sum(int(properties.get(name, 0)) for properties in told), what


def session_seed() -> int:
    """Where all drawn steps come from; another one in each session unless it is asked for."""
    return int(os.environ[SEED_VARIABLE])


# ---- PostgreSQL -------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A server for the whole session; the URL of its first database."""
    service = find_postgres()
    assert service.path, "collection leaves these tests out"
    with running_postgres(service.path) as url:
        yield url


@pytest.fixture
def fresh_postgres_url(postgres_url: str) -> str:
    """An empty database of the test's own."""
    return create_database(postgres_url, f"test_{uuid.uuid4().hex}")


# ---- a browser --------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    service = find_chromium()
    assert service.path, "collection leaves these tests out"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=service.path, args=list(BROWSER_FLAGS), headless=True
        )
        yield started
        started.close()
