"""What goes wrong in a task ends its run with a reason, or pauses it; nothing recorded is lost."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest

from babysit.protocol.commands import Pause, Resume, Set, Stop
from babysit.protocol.status import RunStatus
from babysit.worker.log_file import cap_log
from tests.babysit.worker_harness import Lab, LabRun

LONG = 100_000
# Does something once, at the cost of the 7th update. Costs of evaluations are not counted.
MISCHIEF = """
import os, sys, torch
from torch import nn
from babysit.task import Data, Examples, Task

updates = 0

def load():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(60, 3, generator=generator)
    return Data(train=Examples(x, x.sum(dim=1, keepdim=True)), val=Examples(x[:9], x[:9, :1]))

def cost(output, y, values):
    global updates
    cost = ((output - y) ** 2).mean()
    if torch.is_grad_enabled():
        updates += 1
        if updates == 7:
            MISCHIEF
    return cost

TASK = Task(title="Mischief", summary="", kind="regression", load=load, cost=cost,
            build=lambda values: nn.Linear(3, 1), evaluate_every=5)
"""


def mischief(lab: Lab, name: str, statement: str) -> str:
    return lab.task(name, MISCHIEF.replace("MISCHIEF", statement))


# ---- the guard --------------------------------------------------------------------------------

BAD_COSTS = {"nan": "cost = cost * float('nan')", "infinite": "cost = cost / 0"}


@pytest.mark.parametrize("kind", list(BAD_COSTS))
def test_a_cost_that_is_no_number_pauses_and_its_update_is_not_made(lab: Lab, kind: str) -> None:
    sane = lab.start(mischief(lab, "sane", "pass"), steps=6).finished()

    run = lab.start(mischief(lab, f"bad-{kind}", BAD_COSTS[kind]), steps=12)
    paused = run.event("status_changed", status="paused")

    tripped = run.said("guard_tripped")[0]
    assert (paused["reason"], paused["step"], tripped["step"]) == ("guard", 7, 7)
    assert (tripped["rule"], tripped["series"]) == ("non_finite", "train/cost")
    assert "paused at step 7" in tripped["message"]
    assert "The weights of step 6 are intact" in tripped["message"]
    assert not math.isfinite(run.costs[7])
    # The weights are the ones before it, and a checkpoint has them.
    assert run.checkpoints()[-1]["weights_sha256"] == sane.checkpoints()[-1]["weights_sha256"]

    run.do(Resume())
    assert run.finished().step() == 12
    assert all(math.isfinite(run.costs[step]) for step in range(8, 13))


def test_a_gradient_that_is_no_number_is_caught_where_it_is_clipped(lab: Lab) -> None:
    """The cost is finite: sqrt at 0 has an infinite slope."""
    task = mischief(lab, "steep", "cost = cost + (output * 0).sum().sqrt()")
    run = lab.start(task, steps=12, values={"grad_clip": 1.0})

    run.event("status_changed", status="paused", reason="guard")

    tripped = run.said("guard_tripped")[0]
    assert (tripped["step"], tripped["series"], tripped["value"]) == (7, "grad_norm", "NaN")
    assert "gradient became NaN" in tripped["message"]
    run.do(Resume())
    assert math.isfinite(run.finished().costs[12])


POISONED = """
import torch
from torch import nn
from babysit.task import Data, Examples, Task, mean_squared_error

def load():
    x = torch.ones(60, 1)
    x[-1] = float("nan")
    return Data(train=Examples(x, torch.ones(60, 1)), val=Examples(x[:9], x[:9]))

TASK = Task(title="Poisoned", summary="", kind="regression", load=load, cost=mean_squared_error,
            build=lambda values: nn.Sequential(nn.BatchNorm1d(1), nn.Linear(1, 1)))
"""


def test_the_guard_says_when_running_statistics_are_spoilt(lab: Lab) -> None:
    """The update is not made, but the pass before it has already moved them."""
    run = lab.start(lab.task("poisoned", POISONED), steps=20)
    run.event("status_changed", status="paused", reason="guard")

    message = run.said("guard_tripped")[0]["message"]

    assert "rewind to an earlier checkpoint" in message


def test_a_first_evaluation_that_is_no_number_does_not_stay_the_best(lab: Lab) -> None:
    source = MISCHIEF.replace("MISCHIEF", "pass").replace(
        "    return cost\n",
        "    return cost if torch.is_grad_enabled() or updates > 5 else cost * float('nan')\n",
    )
    run = lab.start(lab.task("late", source), steps=30).finished()

    assert math.isnan(run.points["val/cost"][5])
    best = run.state_of(run.checkpoints()[-1])["best"]
    assert best["val_cost"] == min(run.points["val/cost"][step] for step in range(10, 31, 5))


# ---- tasks that raise -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("raise ValueError('no more')", "ValueError: no more"),
        ("sys.exit('enough')", "SystemExit: enough"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise MemoryError", "MemoryError"),
        ("(lambda f: f(f))(lambda f: f(f))", "RecursionError: maximum recursion depth exceeded"),
        ("output @ y", "RuntimeError: mat1 and mat2"),
        ("raise type('Bad', (Exception,), {'__str__': lambda self: 1 / 0})", "babysit_task"),
    ],
)
def test_a_task_that_raises_fails_with_its_traceback_and_keeps_its_points(
    lab: Lab, statement: str, reason: str
) -> None:
    run = lab.start(mischief(lab, "raising", statement), steps=20)

    ending = run.end()

    assert ending["status"] == RunStatus.FAILED
    assert ending["reason"].startswith(reason)
    assert "raising.py" in ending["traceback"]
    assert sorted(run.costs) == [1, 2, 3, 4, 5, 6]
    assert ending["step"] == 6
    assert run.points["val/cost"][5]
    assert not run.gaps


BROKEN = {
    "import": ("import no_such_module", "ModuleNotFoundError"),
    "syntax": ("def", "SyntaxError"),
    "nothing": ("x = 1", "NoSuchTask"),
    "exit": ("raise SystemExit(3)", "SystemExit"),
    "load": (MISCHIEF.replace("def load():", "def load():\n    1 / 0"), "ZeroDivisionError"),
    "build": (MISCHIEF.replace("nn.Linear(3, 1)", "1 / 0"), "ZeroDivisionError"),
}


@pytest.mark.parametrize("kind", list(BROKEN))
def test_a_task_that_cannot_be_built_fails_before_its_first_step(lab: Lab, kind: str) -> None:
    source, reason = BROKEN[kind]
    run = lab.start(lab.task(f"broken-{kind}", source), steps=5)

    ending = run.end()

    assert (ending["status"], ending["step"]) == (RunStatus.FAILED, 0)
    assert reason in ending["reason"]
    assert "Traceback" in ending["traceback"]


def test_a_task_that_does_not_exist_fails_by_its_name(lab: Lab) -> None:
    assert "no task folder has 'nowhere'" in lab.start("nowhere", steps=5).end()["reason"]


def test_values_that_do_not_fit_the_task_fail_with_the_field(lab: Lab) -> None:
    run = lab.start("spirals", steps=5, values={"learning_rate": -1.0})

    assert "learning rate must be above 0" in run.end()["reason"]


def test_commands_to_a_run_that_failed_are_answered(lab: Lab) -> None:
    run = lab.prepare(mischief(lab, "late-words", "raise ValueError"), steps=20)
    waiting = run.send(Set(values={"learning_rate": 0.1}, at_step=15))
    run.pid = lab.fork_server.work(run.directory, 1, may_retry=False)

    assert run.end()["status"] == RunStatus.FAILED
    assert [answer["kind"] for answer in run.answers(waiting)] == ["refused"]


# ---- output, and processes --------------------------------------------------------------------


def test_a_task_may_print_a_lot(lab: Lab) -> None:
    """To a file: a pipe that nobody reads would block it. Odd characters do no harm either."""
    statement = "print('\\udce4 ' + 'x' * 3_000_000); print('y' * 1_000_000, file=sys.stderr)"
    run = lab.start(mischief(lab, "talking", statement), steps=20).finished()

    assert run.step() == 20
    assert (run.directory / "worker.log").stat().st_size > 4_000_000


def test_a_log_that_has_grown_too_large_begins_anew(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    with log.open("a") as output:
        output.write("x" * 1000)
        output.flush()
        cap_log(log, bytes_max=999)
        output.write("after")

    assert log.read_text() == "[1,000 bytes of output dropped: the limit is 999]\nafter"
    cap_log(log, bytes_max=999)
    assert log.read_text().endswith("after")


def test_only_one_worker_at_a_time_works_on_a_run(lab: Lab) -> None:
    run = lab.start("spirals", steps=LONG, max_steps_per_s=400)
    run.wait_for_step(3)

    second = subprocess.run(
        [sys.executable, "-m", "babysit.worker", str(run.directory), "--attempt", "2"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert second.returncode != 0
    assert "Another worker holds" in second.stderr
    assert not (run.directory / "attempt-0002.journal").exists()
    run.wait_for_step(run.step() + 3)
    run.do(Stop())
    assert run.end()["reason"] == "user"


def test_a_killed_worker_frees_its_run_at_once(lab: Lab) -> None:
    """Though processes that it forked, such as loaders of its data, live a little longer."""
    run = lab.start("noisy-pairs-fetched", steps=LONG, max_steps_per_s=50)
    run.wait_for_step(2)
    run.kill()

    again = LabRun(lab, run.spec, run.directory, attempt=2)
    lab.runs.append(again)
    again.pid = lab.fork_server.work(run.directory, 2, may_retry=False)

    again.wait_for_step(2)
    again.do(Pause())
    again.kill()
