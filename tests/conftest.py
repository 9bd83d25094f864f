"""What all tests share: a real server, a real PostgreSQL, a real browser; and what is missing."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import signal
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import hypothesis
import pytest
from playwright.sync_api import Browser, sync_playwright

pytest.register_assert_rewrite("tests.live_server", "tests.e2e.screen")

from tests.live_server import LiveServer, serving  # noqa: E402
from tests.postgres import create_database, running_postgres  # noqa: E402
from tests.services import Service, find_chromium, find_postgres  # noqa: E402
from tests.sizes import (  # noqa: E402
    FULL,
    HYPOTHESIS_EXAMPLES,
    OWN_SERVERS,
    SEED_VARIABLE,
    chosen,
    session_seed,
)

BROWSER_FLAGS = (
    "--no-sandbox",  # the tests may run as root, and open only the page of this server
    "--disable-gpu",
    "--in-process-gpu",  # what is drawn in software need not go to another process
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

NEEDED_BY = {"postgres_url": find_postgres, "browser": find_chromium}
missing_services = pytest.StashKey[dict[str, tuple[Service, int]]]()

# ---- what a test needs is seen by its fixtures -------------------------------------------------

# Fixtures that start processes of the product, or whatever they need does.
STARTING = ("serve", "server", "descriptions", "nursery", "own_nursery", "idle_nursery")
MARKED_FOR = {
    "browser": {"browser"},
    "service": {"postgres_url"},
    "slow": {"browser", "postgres_url", *STARTING},
}
ONE_PROCESS = ("shared_narrow",)  # fixtures of so few tests that one process makes them
BROWSERS = 2  # processes with a browser and a server for it; their files are dealt out to these
# Those that take longest begin first, so that no process works alone at the end.
BEGIN_FIRST = (
    *("tests/e2e/", "tests/soak/", "tests/babysit/attached/", "tests/security/"),
    *("tests/app/supervisor/", "tests/app/scripts/", "tests/babysit/"),
)


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the marks of the groups in this same hook
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests by their needs, and take out those that cannot run here."""
    browser_of = dealt_to_browsers(items)
    for item in items:
        if isinstance(item, pytest.Function):
            mark(item)
            if group := browser_of.get(item.path) or group_of(item):
                item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=rank)  # stable: within a file all stays as it is written
    if not FULL:
        draw_samples(config, items)
    take_out(config, items)


def mark(item: pytest.Function) -> None:
    needs = set(item.fixturenames)
    if item.path.parent.name == "e2e":
        needs.add("browser")
    if "postgresql" in getattr(item, "callspec", item).__dict__.get("params", {}).values():
        needs.add("postgres_url")
    for name, fixtures in MARKED_FOR.items():
        if needs & fixtures:
            item.add_marker(name)


def draw_samples(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of tests that take long keep a few, but all of a file that was asked for.

    They are those that start servers of their own, and those of each file marked `sampled`.
    """
    asked_for = {Path(argument.partition("::")[0]).name for argument in config.args}
    alike: dict[tuple[str, int], list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("quiet") or item.path.name in asked_for:
            continue
        if sampled := item.get_closest_marker("sampled"):
            alike.setdefault((item.path.as_posix(), *sampled.args), []).append(item)
        elif "serve" in getattr(item, "fixturenames", ()):
            alike.setdefault(("serve", OWN_SERVERS), []).append(item)
    kept = {item for (_, count), few in alike.items() for item in chosen(tuple(few), count)}
    left_out = {item for few in alike.values() for item in few if item not in kept}
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=list(left_out))


def dealt_to_browsers(items: list[pytest.Item]) -> dict[Path, str]:
    """For each file of the page's tests one of a few groups, which have about as many tests."""
    files = Counter(item.path for item in items if item.path.parent.name == "e2e")
    held = dict.fromkeys((f"browser {number}" for number in range(BROWSERS)), 0)
    groups = {}
    for path, tests in files.most_common():
        groups[path] = min(held, key=lambda group: held[group])
        held[groups[path]] += tests
    return groups


def group_of(item: pytest.Function) -> str:
    """Tests of one group run in one process, as they share what is made once for their module."""
    known = item._fixtureinfo.name2fixturedefs
    if any(made[-1].scope == "module" for made in known.values()):
        return item.path.as_posix()
    return next((name for name in ONE_PROCESS if name in known), "")


def rank(item: pytest.Item) -> int:
    name = item.nodeid
    starts = (place for place, start in enumerate(BEGIN_FIRST) if name.startswith(start))
    return next(starts, len(BEGIN_FIRST))


# ---- tests whose service is missing: left out, and said so ------------------------------------


def take_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out the tests whose service is missing. On CI (CI is set) that is an error instead."""
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
    again = f"{SEED_VARIABLE}={session_seed()} draws the same again"
    terminalreporter.line(again if FULL else f"{again}; BABYSIT_TEST_FULL=1 tries everything")
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


# ---- what all test processes share -------------------------------------------------------------


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first test process that needs it makes for all of them. Copy from it."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder = base / name
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = factory.mktemp(name)
            make(unfinished)
            unfinished.rename(folder)
    return folder


@pytest.fixture(scope="session")
def descriptions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the shipped tasks declare, so that not every server has to ask again."""

    def describe(folder: Path) -> None:
        with serving(folder / "var", "--no-demo") as server:
            answer = server.client.get("/api/tasks", params={"wait_s": 60})
            assert answer.json()["ready"], server.output

    return made_once(tmp_path_factory, "described", describe) / "var" / "tasks.json"


def knowing_the_tasks(data_dir: Path, descriptions: Path) -> Path:
    """A new data directory that has them."""
    data_dir.mkdir()
    shutil.copy(descriptions, data_dir / "tasks.json")
    return data_dir


# ---- a server ---------------------------------------------------------------------------------

Serve = Callable[..., AbstractContextManager[LiveServer]]


@pytest.fixture
def data_dir(tmp_path: Path, descriptions: Path) -> Path:
    return knowing_the_tasks(tmp_path / "var", descriptions)


@pytest.fixture
def serve() -> Serve:
    """`with serve(data_dir, "--no-demo", BABYSIT_X="...") as server:` for tests that restart it."""
    return serving


@pytest.fixture
def server(data_dir: Path) -> Iterator[LiveServer]:
    """A server without the demo run and without any other."""
    with serving(data_dir, "--no-demo") as live:
        yield live


# ---- what is drawn ----------------------------------------------------------------------------


def pytest_configure() -> None:
    """Draw the seed of the session once: further processes of it inherit it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background of a shell
        signal.signal(signal.SIGINT, signal.default_int_handler)  # tests send it to their processes
    if not os.environ.get(SEED_VARIABLE):
        os.environ[SEED_VARIABLE] = str(random.SystemRandom().randrange(10**6))
    hypothesis.settings.register_profile(
        "here",
        max_examples=HYPOTHESIS_EXAMPLES,
        deadline=None,  # other tests run on the same cores
    )
    hypothesis.settings.load_profile("here")


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
