"""What a task does to its worker is noticed, named truthfully and, where it may help, undone."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live_server import LiveServer, serving

AT = 57  # the update in which something happens
STUCK_AFTER_S = 2.0
TASK = f"""
import ctypes, errno, faulthandler, os, pathlib, signal, sys, threading, time, torch
from torch import nn
from babysit.task import Data, Examples, Task

updates = 0

def once(name):
    \"\"\"Whether this happens for the first time in this run.\"\"\"
    mark = pathlib.Path(__file__).with_name(name + ".mark")
    if mark.exists():
        return False
    mark.touch()
    return True

def spoil_disk(number):
    \"\"\"Nothing can be written any more, but into room that is given back.\"\"\"
    mark = pathlib.Path(__file__).with_suffix(".mark")
    mark.touch()
    real = os.write

    def write(fd, data):
        path = pathlib.Path(os.readlink(f"/proc/self/fd/{{fd}}"))
        is_room = number == errno.ENOSPC and not path.with_name("reserve").exists()
        if mark.exists() and not is_room:
            raise OSError(number, os.strerror(number))
        return real(fd, data)

    os.write = write

def load():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(60, 3, generator=generator)
    return Data(train=Examples(x, x.sum(dim=1, keepdim=True)), val=Examples(x[:9], x[:9, :1]))

def cost(output, y, values):
    global updates
    if torch.is_grad_enabled():
        updates += 1
        if updates == {AT}:
            MISCHIEF
    return ((output - y) ** 2).mean()

TASK = Task(title="Mischief", summary="", kind="regression", load=load, cost=cost,
            build=lambda values: nn.Linear(3, 1), evaluate_every=20)
"""
MISCHIEF = {
    "raises": "raise ValueError('a bad sample')",
    "raises-once": "if once('raises'): raise ValueError('bad luck')",
    "exits": "os._exit(0)",
    "leaves": "sys.exit(0)",
    "crashes": "ctypes.string_at(0)",
    "aborts": "os.abort()",
    "hangs": "threading.Event().wait()",
    "spins": "\n".join(["", "            while True: pass"]),
    "dozes": "if once('dozes'): threading.Event().wait(3.5)",
    "forks": "os.fork()",
    "forks-and-leaves": "os.fork() or sys.exit(0)",
    "closes": "if once('closes'): os.closerange(3, 256)",
    "moves": "os.chdir('/'), os.umask(0o777), torch.set_default_dtype(torch.float64)",
    "fills-disk": "spoil_disk(errno.ENOSPC)",
    "breaks-disk": "spoil_disk(errno.EIO)",
    "killed-once": "if once('killed'): os.kill(os.getpid(), signal.SIGKILL)",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("mischief")
    models = folder / "models"
    models.mkdir()
    for name, statement in MISCHIEF.items():
        path = models / f"{name.replace('-', '_')}.py"
        path.write_text(TASK.replace("MISCHIEF", statement))
    with serving(
        folder / "var",
        "--no-demo",
        BABYSIT_MODELS=str(models),
        BABYSIT_STUCK_AFTER_S=str(STUCK_AFTER_S),
    ) as live:
        yield live


def start(server: LiveServer, task: str, steps: int = 100) -> int:
    server.wait_until(
        lambda: (
            task in {known["name"] for known in server.client.get("/api/tasks").json()["tasks"]}
        ),
        f"{task} is described",
        60,
    )
    return int(server.start_run(task, steps=steps, max_steps_per_s=200)["id"])


def costs(server: LiveServer, run_id: int) -> dict[str, list[Any]]:
    path = f"/api/runs/{run_id}/curves?series=train/cost&points=1000000"
    found: dict[str, list[Any]] = server.client.get(path).json()["series"]["train/cost"]
    return found


def test_a_step_that_always_raises_fails_the_run_after_it_was_tried_twice(
    server: LiveServer,
) -> None:
    run_id = start(server, "raises")

    run = server.wait_for_status(run_id, "failed", timeout_s=60)

    assert (run["attempt"], run["step"]) == (2, AT - 1)
    assert run["reason"] == "ValueError: a bad sample"
    assert "in cost" in run["error"]
    (raised,) = server.events(run_id, "raised")
    assert "a bad sample" in raised["traceback"]
    assert costs(server, run_id)["step"] == list(range(1, AT))


@pytest.mark.parametrize("task", ["raises-once", "killed-once", "closes"])
def test_what_goes_wrong_once_costs_nothing(server: LiveServer, task: str) -> None:
    run_id = start(server, task)

    run = server.wait_for_status(run_id, "finished", timeout_s=60)

    assert run["attempt"] == 2
    assert [event["verified"] for event in server.events(run_id, "recovered")] == [True]
    assert costs(server, run_id)["step"] == list(range(1, 101))


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("exits", "exited early without reporting a reason (exit code 0)"),
        ("crashes", "signal 11 (SIGSEGV)"),
        ("aborts", "signal 6 (SIGABRT)"),
    ],
)
def test_a_step_that_kills_two_workers_gets_no_third(
    server: LiveServer, task: str, said: str
) -> None:
    run_id = start(server, task)

    run = server.wait_for_status(run_id, "lost", timeout_s=60)

    assert run["attempt"] == 2
    assert said in run["reason"]


def test_a_task_that_exits_has_not_finished(server: LiveServer) -> None:
    run = server.wait_for_status(start(server, "leaves"), "failed", timeout_s=60)

    assert run["reason"] == "SystemExit: 0"


def test_a_worker_that_is_stuck_is_named_and_can_be_stopped(server: LiveServer) -> None:
    """In a call that does not return, and in a loop; both at once, because an end takes 20 s."""
    stuck = {task: start(server, task) for task in ("hangs", "spins")}
    stops = {run_id: stopped_while_stuck(server, task, run_id) for task, run_id in stuck.items()}

    for run_id, command_id in stops.items():
        run = server.wait_for_status(run_id, "stopped", timeout_s=30)
        assert "SIGKILL" in run["reason"]
        where = f"/api/runs/{run_id}/commands/{command_id}"
        assert server.client.get(where).json()["status"] == "applied"


def stopped_while_stuck(server: LiveServer, task: str, run_id: int) -> int:
    """Ask a run to stop once it is called stuck; the command's id."""
    server.wait_until(lambda: server.events(run_id, "warned"), "it is called stuck", 60)
    (warned,) = server.events(run_id, "warned")
    assert warned["message"].startswith("No step for ")
    log = server.data_dir / "runs" / str(run_id) / "worker.log"
    server.wait_until(lambda: f"{task}.py" in log.read_text(), "the log shows where it is")
    assert server.run(run_id)["status"] == "running"
    sent = server.client.post(f"/api/runs/{run_id}/commands", json={"kind": "stop"})
    assert sent.status_code == 202
    return int(sent.json()["command_id"])


def test_a_worker_that_goes_on_is_said_to(server: LiveServer) -> None:
    run_id = start(server, "dozes", steps=600)  # it lives on for some looks at it

    run = server.wait_for_status(run_id, "finished", timeout_s=60)

    stuck, goes_on = (event["message"] for event in server.events(run_id, "warned"))
    assert stuck.startswith("No step for ")
    assert goes_on.startswith("The worker continues")
    assert run["attempt"] == 1


@pytest.mark.parametrize("name", ["forks", "forks-and-leaves"])
def test_a_process_that_the_task_forks_says_nothing_of_the_run(
    server: LiveServer, name: str
) -> None:
    """Whether it goes on with the training, or ends as scripts do."""
    run_id = start(server, name)

    server.wait_for_status(run_id, "finished", timeout_s=60)

    found = costs(server, run_id)
    assert found["step"] == list(range(1, 101))
    ends = [event["status"] for event in server.events(run_id, "status_changed")]
    assert ends == ["queued", "starting", "running", "finished"]


def test_a_task_may_change_what_belongs_to_the_process(server: LiveServer) -> None:
    run_id = start(server, "moves")

    run = server.wait_for_status(run_id, "finished", "failed", timeout_s=60)

    # float64 from now on does not fit the weights: a clear word of torch, and no harm beyond it
    assert run["status"] == "finished" or "dtype" in run["reason"]
    assert server.client.get("/api/health").status_code == 200


def mend(server: LiveServer, task: str) -> None:
    models = server.data_dir.parent / "models"
    (models / f"{task.replace('-', '_')}.mark").unlink()


def test_a_full_disk_pauses_the_run_until_there_is_room(server: LiveServer) -> None:
    run_id = start(server, "fills-disk")

    paused = server.wait_for_status(run_id, "paused", timeout_s=60)
    assert (paused["reason"], paused["step"] < 100) == ("disk_full", True)
    mend(server, "fills-disk")

    run = server.wait_for_status(run_id, "finished", timeout_s=60)
    assert run["attempt"] == 1
    assert costs(server, run_id)["step"] == list(range(1, 101))
    said = [event["status"] for event in server.events(run_id, "status_changed")]
    assert said[-3:] == ["paused", "running", "finished"]


def test_a_broken_disk_is_named_though_nothing_can_be_written(server: LiveServer) -> None:
    run_id = start(server, "breaks-disk")

    server.wait_until(lambda: server.events(run_id, "warned"), "the server names it", 60)
    (warned,) = server.events(run_id, "warned")
    assert "Input/output error" in warned["message"]
    mend(server, "breaks-disk")

    server.wait_for_status(run_id, "finished", timeout_s=60)
    assert costs(server, run_id)["step"] == list(range(1, 101))


def worker_pid(server: LiveServer, run_id: int) -> int:
    found = server.wait_until(lambda: server.events(run_id, "worker_started"), "a worker", 60)
    return int(found[-1]["pid"])


def test_a_worker_that_is_asked_to_end_leaves_a_checkpoint(server: LiveServer) -> None:
    run_id = int(server.start_run("spirals", steps=100_000, max_steps_per_s=300)["id"])
    server.wait_for_step(run_id, 30, timeout_s=60)

    os.kill(worker_pid(server, run_id), signal.SIGTERM)

    run = server.wait_for_status(run_id, "stopped")
    assert run["reason"] == "terminated"
    checkpoints = server.client.get(f"/api/runs/{run_id}/checkpoints").json()
    assert (checkpoints[-1]["step"], checkpoints[-1]["cause"]) == (run["step"], "end")


def test_a_worker_asked_again_and_again_ends_in_the_middle_of_a_step(server: LiveServer) -> None:
    run_id = start(server, "spins")
    server.wait_until(lambda: server.events(run_id, "warned"), "it is called stuck", 60)
    pid = worker_pid(server, run_id)

    def ask() -> bool:
        with contextlib.suppress(ProcessLookupError):  # gone: its last event is on its way
            for _ in range(100 if server.run(run_id)["status"] == "running" else 0):
                os.kill(pid, signal.SIGTERM)  # also while it ends: no third one may interrupt that
                os.sched_yield()
        return bool(server.run(run_id)["status"] == "stopped")

    server.wait_until(ask, "it ends")
    run = server.run(run_id)
    assert (run["reason"], run["step"]) == ("terminated", AT - 1)
