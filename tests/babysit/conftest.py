"""The laboratory: one fork server for the whole session, a data directory for each test."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from babysit.protocol.commands import Pause
from tests.babysit.fork_client import ForkServer
from tests.babysit.worker_harness import Lab, LabRun
from tests.sizes import session_seed

TASKS = Path(__file__).with_name("tasks")


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of task files, where tests may put their own."""
    folder = tmp_path_factory.mktemp("models")
    for file in TASKS.glob("*.py"):
        shutil.copy(file, folder)
        text = file.read_text()
        if "loader_workers=0" in text:  # once more, with examples fetched by other processes
            fetched = text.replace("loader_workers=0", "loader_workers=2")
            (folder / f"{file.stem}_fetched.py").write_text(fetched)
    return folder


@pytest.fixture(scope="session")
def fork_server(models: Path) -> Iterator[ForkServer]:
    started = ForkServer(models)
    yield started
    started.close()


@pytest.fixture
def lab(tmp_path: Path, models: Path, fork_server: ForkServer) -> Iterator[Lab]:
    laboratory = Lab(tmp_path, models, fork_server)
    yield laboratory
    laboratory.close()


@pytest.fixture(scope="module")
def shared_lab(
    tmp_path_factory: pytest.TempPathFactory, models: Path, fork_server: ForkServer
) -> Iterator[Lab]:
    """For tests of one module that compare with the same uninterrupted runs."""
    laboratory = Lab(tmp_path_factory.mktemp("shared"), models, fork_server)
    yield laboratory
    laboratory.close()


@pytest.fixture
def draw(request: pytest.FixtureRequest) -> random.Random:
    """Random numbers of this test, from the seed in the header of the report."""
    return random.Random(f"{session_seed()}:{request.node.nodeid}")


@pytest.fixture
def running(lab: Lab) -> LabRun:
    """A run under way, slow enough to talk to."""
    run = lab.start("spirals", steps=100_000, values={"dropout": 0.1}, max_steps_per_s=400)
    run.wait_for_step(5)
    return run


@pytest.fixture
def paused(running: LabRun) -> LabRun:
    running.do(Pause())
    return running
