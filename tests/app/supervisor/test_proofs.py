"""While the machine is idle, steps of a run are repeated from a checkpoint and compared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from babysit.storage.file_lock import is_run_locked
from tests.conftest import knowing_the_tasks
from tests.live_server import LiveServer, serving

STEPS, SAVED_FROM = 140, 40
PROVED_WITHIN_S = 120.0  # of other tests, which all come before it
TASK = """
import os, signal, types
import torch
from torch import nn
from babysit.task import Data, Examples, Task, cross_entropy

def load():
    x = torch.randn(64, 4, generator=torch.Generator().manual_seed(0))
    y = (x[:, 0] > 0).long()
    return Data(train=Examples(x[:48], y[:48]), val=Examples(x[48:], y[48:]))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 2)
        self.calls = types.SimpleNamespace(count=0)

    def forward(self, x):
        return self.linear(x) * FACTOR

TASK = Task(title="Counting", summary="", load=load, build=lambda values: Net())
"""
FACTORS = {
    "counting": "(setattr(self.calls, 'count', self.calls.count + self.training), "
    "1 / (1 + self.calls.count / 50))[1]",
    "waiting": "(os.getpriority(os.PRIO_PROCESS, 0) == 19 and signal.pause(), 1.0)[1]",
}


@pytest.fixture(scope="module")
def proving(tmp_path_factory: pytest.TempPathFactory, descriptions: Path) -> Iterator[LiveServer]:
    """A server with one place, so that it proves a run after its end."""
    folder = tmp_path_factory.mktemp("proving")
    models = folder / "models"
    models.mkdir()
    for name, factor in FACTORS.items():
        (models / f"{name}.py").write_text(TASK.replace("FACTOR", factor))
    with serving(
        knowing_the_tasks(folder / "var", descriptions),
        "--no-demo",
        BABYSIT_PROVE="1",
        BABYSIT_PARALLEL="1",
        BABYSIT_MODELS=str(models),
    ) as server:
        yield server


def trained(server: LiveServer, task: str) -> dict[str, Any]:
    """A run that has ended, with a checkpoint on its way."""
    run = server.start_run(task, steps=STEPS, max_steps_per_s=100)
    server.wait_for_step(run["id"], SAVED_FROM)
    server.command(run["id"], "save_checkpoint")
    exit_record = server.data_dir / "runs" / str(run["id"]) / "exit-0001.json"
    server.wait_until(exit_record.exists, "its process has ended")
    return server.wait_for_status(run["id"], "finished")


def exactness(server: LiveServer, run_id: int) -> dict[str, Any]:
    def known() -> dict[str, Any] | None:
        found: dict[str, Any] = server.run(run_id)["exactness"]
        return found if found["level"] != "not proved" else None

    return server.wait_until(known, f"run {run_id} is proved", PROVED_WITHIN_S)


def files(server: LiveServer, run_id: int) -> dict[str, bytes]:
    """What the worker has left of a run."""
    directory = server.data_dir / "runs" / str(run_id)
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.name != "server.journal"
    }


def proofs(server: LiveServer) -> list[Path]:
    return list((server.data_dir / "proofs").glob("*"))


def test_a_run_that_repeats_itself_is_exact(proving: LiveServer) -> None:
    run = trained(proving, "spirals")
    left = files(proving, run["id"])

    found = exactness(proving, run["id"])

    assert (found["level"], found["reasons"]) == ("exact", [])
    assert SAVED_FROM + 30 <= found["proved_at_step"] <= STEPS
    (event,) = proving.events(run["id"], "exactness")
    assert event["attempt"] == 0  # the server said it, in its own journal
    assert files(proving, run["id"]) == left
    proving.wait_until(lambda: not proofs(proving), "nothing is left of the proof")
    assert len(proving.client.get("/api/runs").json()["runs"]) == run["id"]


def test_state_that_no_checkpoint_holds_makes_a_run_approximate(proving: LiveServer) -> None:
    run = trained(proving, "counting")

    found = exactness(proving, run["id"])

    assert (found["level"], found["proved_at_step"]) == ("approximate", None)
    values = re.search(r"at step (\d+): train/cost is (\S+) instead of (\S+)\.$", *found["reasons"])
    assert values is not None
    curves = proving.client.get(f"/api/runs/{run['id']}/curves?series=train/cost&points=1000")
    cost = curves.json()["series"]["train/cost"]
    step = int(values[1])
    assert float(values[3]) == cost["value"][cost["step"].index(step)]
    saved = proving.client.get(f"/api/runs/{run['id']}/checkpoints").json()
    assert step - 1 in [checkpoint["step"] for checkpoint in saved]


def test_a_run_that_begins_ends_the_proof(proving: LiveServer) -> None:
    """Its first step takes for ever; the next run does not wait for it."""
    run = trained(proving, "waiting")
    directory = proving.data_dir / "proofs" / str(run["id"])
    proving.wait_until(lambda: is_run_locked(directory), "its steps are repeated", PROVED_WITHIN_S)

    other = proving.start_run("spirals", steps=20)
    proving.wait_for_status(other["id"], "finished")

    proving.wait_until(lambda: not directory.exists(), "the process has ended")
    assert proving.run(run["id"])["exactness"]["level"] == "not proved"
    assert proving.run(run["id"])["status"] == "finished"
    assert proving.events(run["id"], "warned") == []
