"""One server for the tests of the client, and clients of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from babysit import Client
from babysit.client import Run
from tests.conftest import knowing_the_tasks
from tests.live_server import LiveServer, serving

# A task whose metrics are no finite numbers.
ODD = """
from babysit.task import Data, Examples, Task
import torch

def load():
    x = torch.linspace(-1, 1, 16).reshape(-1, 1)
    return Data(train=Examples(x, (x[:, 0] > 0).long()), val=Examples(x, (x[:, 0] > 0).long()))

TASK = Task(
    title="Odd", summary="Odd.", load=load, build=lambda values: torch.nn.Linear(1, 2), steps=400,
    metrics={
        "nan": lambda output, y: output.mean() * float("nan"),
        "inf": lambda output, y: output.mean().abs() + float("inf"),
        "negative": lambda output, y: output.mean() - float("inf"),
    },
)
"""


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, descriptions: Path) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("client")
    (folder / "tasks").mkdir()
    (folder / "tasks" / "odd.py").write_text(ODD)
    data_dir = knowing_the_tasks(folder / "var", descriptions)
    with serving(data_dir, "--no-demo", BABYSIT_MODELS=str(folder / "tasks")) as server:
        yield server


@pytest.fixture
def client(shared: LiveServer) -> Client:
    return Client(shared.url, shared.token)


@pytest.fixture
def run(shared: LiveServer, client: Client) -> Iterator[Run]:
    """A run that is being trained, slowly, for as long as the test takes."""
    started = shared.start_run("spirals", steps=100_000, max_steps_per_s=200)
    shared.wait_for_status(started["id"], "running")
    run = client.run(started["id"])
    yield run
    if run.status in ("running", "paused"):
        run.stop()
        run.wait("stopped", timeout_s=30)
