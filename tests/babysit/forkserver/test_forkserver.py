"""The fork server forks workers and describes tasks; whatever happens to it, the workers live
on.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from app.supervisor.fork_client import ForkServerGone
from babysit.protocol.commands import Pause, Resume, Stop
from babysit.protocol.hyperparameters import from_json
from babysit.protocol.spec.task_files import shipped_folder
from babysit.protocol.status import RunStatus
from tests.babysit.fork_client import ForkServer
from tests.babysit.waiting import wait_until
from tests.babysit.worker_harness import Lab, LabRun

LONG = 100_000
DESCRIBED_WITHIN_S = 30.0
ENDED_WITHIN_S = 60.0


@pytest.fixture
def own_nursery(models: Path) -> Iterator[ForkServer]:
    """One that a test may kill."""
    started = ForkServer(models)
    yield started
    started.close()


@pytest.fixture(scope="module")
def idle_nursery(models: Path) -> Iterator[ForkServer]:
    """One that nobody else asks for anything, and that imports a module in advance."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("BABYSIT_PRELOAD", "no_such_module,sqlite3")
        started = ForkServer(models)
    yield started
    started.close()


@pytest.fixture
def idle_lab(tmp_path: Path, models: Path, idle_nursery: ForkServer) -> Iterator[Lab]:
    laboratory = Lab(tmp_path, models, idle_nursery)
    yield laboratory
    laboratory.close()


@pytest.fixture
def own_lab(tmp_path: Path, models: Path, own_nursery: ForkServer) -> Iterator[Lab]:
    laboratory = Lab(tmp_path, models, own_nursery)
    yield laboratory
    laboratory.close()


def task_file(lab: Lab, name: str, source: str) -> Path:
    return lab.models / f"{lab.task(name, source).replace('-', '_')}.py"


def exit_file(run: LabRun) -> dict[str, Any]:
    """What the fork server wrote at the worker's end."""
    path = run.directory / f"exit-{run.attempt:04d}.json"
    text = wait_until(
        lambda: path.read_text() if path.exists() else None,
        is_alive=lambda: True,
        what="the exit status",
    )
    ended: dict[str, Any] = json.loads(text)
    return ended


# ---- descriptions -----------------------------------------------------------------------------


def test_a_task_is_described_with_all_that_the_page_needs(lab: Lab) -> None:
    described = lab.fork_server.describe(shipped_folder() / "digits_cnn.py", DESCRIBED_WITHIN_S)

    assert (described["name"], described["error"]) == ("digits-cnn", None)
    assert (described["kind"], described["train_size"] + described["val_size"]) == (
        "classification",
        1797,
    )
    assert described["steps_per_epoch"] == -(-described["train_size"] // 32)
    assert described["defaults"]["learning_rate"] == 0.02
    assert {"train/cost", "val/cost", "val/accuracy", "learning_rate"} <= set(described["series"])
    declared = [from_json(body) for body in described["hyperparameters"]]
    assert declared[0].name == "learning_rate"
    assert {item.name: item.default for item in declared} == described["defaults"]
    assert next(i for i in declared if i.name == "batch_size").high == described["train_size"]


def test_every_recorded_series_is_in_the_description(lab: Lab) -> None:
    described = lab.fork_server.describe(shipped_folder() / "spirals.py", DESCRIBED_WITHIN_S)
    run = lab.start("spirals", steps=40, values={"grad_clip": 1.0}).finished()

    assert set(run.points) - {"clock_s"} == set(described["series"])


BROKEN = {
    "import": ("import no_such_module", "No module named 'no_such_module'"),
    "syntax": ("TASK = (", "SyntaxError"),
    "empty": ("", "has no TASK"),
    "leaves": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "dies": ("import os; os._exit(3)", "ended the process"),
    "crashes": ("import os; os.kill(os.getpid(), 11)", "ended the process"),
}


@pytest.mark.parametrize("kind", list(BROKEN))
def test_a_task_that_cannot_be_described_is_named_with_its_error(lab: Lab, kind: str) -> None:
    source, error = BROKEN[kind]
    file = task_file(lab, f"undescribed-{kind}", source)

    described = lab.fork_server.describe(file, DESCRIBED_WITHIN_S)

    assert described["name"] == f"undescribed-{kind}"
    assert error in described["error"]


def test_a_task_that_hangs_is_given_up_and_others_do_not_wait_for_it(lab: Lab) -> None:
    hanging = task_file(lab, "hanging", "while True: pass")
    with ThreadPoolExecutor(1) as pool:
        described = pool.submit(lab.fork_server.describe, hanging, 3)

        other = lab.fork_server.describe(shipped_folder() / "spirals.py", DESCRIBED_WITHIN_S)
        assert other["error"] is None
        assert not described.done()

        assert "too long" in described.result()["error"]


FORKS = """
import os, pathlib, signal
if os.fork() == 0:
    pathlib.Path(__file__).with_suffix(".pid").write_text(str(os.getpid()))
    {child}
"""


@pytest.mark.parametrize("child", ["pass", "signal.pause()", "os.close(2); signal.pause()"])
def test_a_task_that_forks_is_described_once_and_leaves_nothing_behind(
    lab: Lab, child: str
) -> None:
    source = (shipped_folder() / "spirals.py").read_text()
    file = task_file(lab, f"forks-{len(child)}", source + FORKS.format(child=child))

    described = lab.fork_server.describe(file, 4)

    forked = int(file.with_suffix(".pid").read_text())
    if child == "pass":
        assert described["error"] is None
    else:  # who holds on to the answer's channel holds the answer back
        assert "too long" in described["error"]
    wait_until(lambda: has_ended(forked), is_alive=lambda: True, what="its end")


def has_ended(pid: int) -> bool | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z" or None
    except OSError:
        return True


def test_what_a_task_prints_is_not_part_of_its_description(lab: Lab) -> None:
    source = (shipped_folder() / "spirals.py").read_text()
    file = task_file(lab, "chatty", f"print('hello'); {'import os'}\n" + source)
    # `from __future__` must come first in the file.
    file.write_text(source + "\nprint('{\"hello\": 1}')\n")

    warm = lab.fork_server.describe(file, DESCRIBED_WITHIN_S)
    cold = subprocess.run(
        [sys.executable, "-m", "babysit.forkserver.describe", str(file)],
        capture_output=True,
        check=True,
        timeout=60,
    )

    assert warm["error"] is None
    assert json.loads(cold.stdout) == warm


# ---- workers ----------------------------------------------------------------------------------


def test_a_workers_end_is_written_into_its_directory(idle_lab: Lab) -> None:
    run = idle_lab.start("spirals", steps=5).finished()

    ended = exit_file(run)

    assert (ended["pid"], ended["attempt"], ended["status"]) == (run.pid, 1, 0)
    assert idle_lab.fork_server.exits.acquire(timeout=ENDED_WITHIN_S)  # and the server is told


def test_the_signal_that_killed_a_worker_is_in_its_exit_status(lab: Lab) -> None:
    run = lab.start("spirals", steps=LONG, max_steps_per_s=400)
    run.wait_for_step(3)
    run.kill(signal.SIGKILL)

    ended = exit_file(run)

    assert (ended["status"], ended["signal"]) == (-9, 9)


def test_a_task_that_ends_the_process_leaves_its_status(lab: Lab) -> None:
    source = "import os; os._exit(5)"
    run = lab.start(lab.task("vanishing", source), steps=5)

    assert exit_file(run)["status"] == 5
    run.read()
    assert not run.said("status_changed")


def test_a_worker_knows_who_it_is(lab: Lab) -> None:
    """Process id and start time, so that a restarted server takes no other process for it."""
    run = lab.start("spirals", steps=LONG, max_steps_per_s=400)
    started = run.event("worker_started")
    stat = Path(f"/proc/{run.pid}/stat").read_text()

    assert started["pid"] == run.pid
    assert started["start_ticks"] == int(stat.rpartition(")")[2].split()[19])
    assert os.getsid(run.pid) == run.pid  # Ctrl-C in the server's terminal does not reach it
    run.do(Stop())
    run.end()


def interrupt(fork_server: ForkServer) -> None:
    fork_server.process.send_signal(signal.SIGINT)
    assert (
        fork_server.describe(shipped_folder() / "spirals.py", DESCRIBED_WITHIN_S)["error"] is None
    )  # it does not mind
    fork_server.close()


def kill(fork_server: ForkServer) -> None:
    fork_server.process.kill()
    fork_server.process.wait()


@pytest.mark.parametrize("end", [interrupt, kill], ids=["closed", "killed"])
def test_workers_outlive_the_nursery(own_lab: Lab, end: Any) -> None:
    run = own_lab.start("spirals", steps=LONG, max_steps_per_s=400)
    run.wait_for_step(3)

    end(own_lab.fork_server)

    assert own_lab.fork_server.process.poll() is not None
    run.wait_for_step(run.step() + 20)
    run.do(Pause())
    run.do(Resume())
    run.do(Stop())
    ending = run.event("status_changed", status="stopped")
    assert ending["step"] == run.checkpoints()[-1]["step"]
    assert ending["status"] == RunStatus.STOPPED


def test_a_cold_worker_does_the_same_as_one_from_the_nursery(lab: Lab) -> None:
    cold = lab.start_cold("digits-cnn", steps=30, values={"hidden_units": 4})
    warm = lab.start("digits-cnn", steps=30, values={"hidden_units": 4}).finished()

    assert cold.finished().final_sha256 == warm.final_sha256
    assert cold.process is not None
    assert cold.process.wait(timeout=10) == 0


# ---- the process that is forked ahead ----------------------------------------------------------


def forked_by(fork_server: ForkServer) -> list[int]:
    """The processes that live with this parent."""
    pid = fork_server.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def spare_of(fork_server: ForkServer) -> int:
    """The process that waits to become a worker, when it is the only child."""
    return wait_until(
        lambda: found[0] if len(found := forked_by(fork_server)) == 1 else None,
        is_alive=lambda: True,
        what="a process forked ahead",
    )


def test_modules_named_in_the_settings_are_imported_when_it_is_idle(
    models: Path, idle_nursery: ForkServer
) -> None:
    libraries = Path(f"/proc/{idle_nursery.process.pid}/maps")

    wait_until(
        lambda: "_sqlite3" in libraries.read_text(), is_alive=lambda: True, what="the import"
    )
    assert "cannot preload no_such_module" in (models / "nursery.log").read_text()


def test_a_run_is_taken_up_by_a_process_that_was_there_before(idle_lab: Lab) -> None:
    spare = spare_of(idle_lab.fork_server)

    runs = [idle_lab.start("spirals", steps=5) for _ in range(3)]  # no time to fork ahead for each

    assert spare in {run.pid for run in runs}
    assert len({run.pid for run in runs}) == 3
    for run in runs:
        run.finished()


def test_a_spare_process_that_was_killed_is_replaced(idle_lab: Lab) -> None:
    killed = spare_of(idle_lab.fork_server)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: has_ended(killed), is_alive=lambda: True, what="its end")

    run = idle_lab.start("spirals", steps=5).finished()

    assert run.pid != killed
    assert spare_of(idle_lab.fork_server) not in (killed, run.pid)


@pytest.mark.parametrize("end", [interrupt, kill], ids=["closed", "killed"])
def test_a_spare_process_ends_with_the_nursery(own_lab: Lab, end: Any) -> None:
    """Even while another child of the fork server lives on."""
    run = own_lab.start("spirals", steps=LONG, max_steps_per_s=400)
    spare = wait_until(
        lambda: next((pid for pid in forked_by(own_lab.fork_server) if pid != run.pid), None),
        is_alive=lambda: True,
        what="a process forked ahead",
    )
    hanging = task_file(own_lab, "hanging-on", "import signal; signal.pause()")
    describing = threading.Thread(target=describe_in_vain, args=(own_lab.fork_server, hanging))
    describing.start()
    describes = wait_until(
        lambda: next(
            (pid for pid in forked_by(own_lab.fork_server) if pid not in (run.pid, spare)), None
        ),
        is_alive=lambda: True,
        what="a process that describes",
    )

    end(own_lab.fork_server)

    wait_until(lambda: has_ended(spare), is_alive=lambda: True, what="its end")
    os.kill(describes, signal.SIGKILL)
    describing.join()
    run.do(Stop())
    run.end()


def describe_in_vain(fork_server: ForkServer, file: Path) -> None:
    with contextlib.suppress(ForkServerGone):
        fork_server.describe(file, 300)
