"""Workers in Slurm jobs, as far as submitit can play Slurm: processes, signals and requeues."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.app.remote.elsewhere import (
    STEPS,
    Elsewhere,
    recorded,
    start_steered,
    with_task,
)
from tests.live_server import MARK, LiveServer, end_marked, serving
from tests.sizes import FULL

PACE = 100  # steps per second
PREEMPTED_AT = (60, 150, 240, 330)  # steps; more often than attempts may fail
JOB, WORKER = "submitit.core._submit", "babysit.remote.child"


class Slurm(Elsewhere):
    """Slurm is played by submitit's local executor."""

    @property
    def command(self) -> str:
        return (
            f"env {MARK}={self.mark} {{python}} -P -m babysit slurm --cluster local "
            f"--folder {self.folder}/jobs --dir {self.folder}/scratch timeout_min=60"
        )

    @property
    def jobs(self) -> list[Path]:
        return list(self.folder.glob("jobs/*/*_submitted.pkl"))

    def preempt(self, *signals: signal.Signals) -> None:
        """As Slurm does: every process of the job gets the signals."""
        pids = [*self.processes(JOB), *self.processes(WORKER)]
        for number in signals:
            for pid in pids:
                os.kill(pid, number)


@pytest.fixture
def slurm(tmp_path: Path) -> Any:
    folder = tmp_path / "slurm"
    folder.mkdir()
    made = Slurm(folder, with_task(tmp_path / "tasks"))
    try:
        yield made
    finally:
        end_marked(made.mark)


def preempt_at(server: LiveServer, slurm: Slurm, run_id: int, step: int, attempt: int) -> None:
    def is_there() -> bool:
        run = server.run(run_id)
        return bool(run["attempt"] == attempt and run["step"] >= step)

    server.wait_until(is_there, f"attempt {attempt} is at step {step}", 90)
    first = [signal.SIGTERM] if attempt % 2 else []  # Slurm may send it, too
    slurm.preempt(*first, signal.SIGUSR2)


@pytest.mark.skipif(not FULL, reason="it trains for a minute: make test-full")
@pytest.mark.timeout(600)
def test_a_preempted_job_is_requeued_and_goes_on_where_it_was(slurm: Slurm, tmp_path: Path) -> None:
    with serving(tmp_path / "local", "--no-demo", BABYSIT_MODELS=str(slurm.tasks)) as server:
        run_id = start_steered(server)
        server.wait_for_status(run_id, "finished")
        reference = recorded(server, run_id)

    with slurm.serving(tmp_path / "var") as server:
        run_id = start_steered(server, pace=PACE)
        for attempt, step in enumerate(PREEMPTED_AT, 1):
            preempt_at(server, slurm, run_id, step, attempt)
        ways = [one["launcher"] for one in server.client.get("/api/machines").json()]
        run = server.wait_for_status(run_id, "finished", "lost", "failed", timeout_s=120)
        begun = [event["step"] for event in server.events(run_id, "worker_started")]
        reasons = [event.get("reason") or "" for event in server.events(run_id, "status_changed")]
        found = recorded(server, run_id)
        server.wait_until(lambda: not slurm.processes(JOB), "the job has ended")

    assert (run["status"], run["step"]) == ("finished", STEPS), run["reason"]
    assert run["attempt"] == len(PREEMPTED_AT) + 1
    assert len(slurm.jobs) == 1  # requeued, not submitted again
    assert ways == ["local", "slurm"]
    assert found == reference
    for asked, step in zip(PREEMPTED_AT, begun[1:], strict=True):
        assert step >= asked  # no step was lost
    assert sum("wanted the machine back" in reason for reason in reasons) == len(PREEMPTED_AT)
    assert not list(slurm.folder.glob("scratch/*"))
    assert {path.name for path in slurm.folder.glob("jobs/*/*.json")} == set()


@pytest.mark.skipif(not FULL, reason="it starts a server: make test-full")
def test_a_run_that_is_stopped_leaves_no_job(slurm: Slurm, tmp_path: Path) -> None:
    with slurm.serving(tmp_path / "var") as server:
        run_id = start_steered(server, pace=PACE)
        server.wait_for_step(run_id, 20)

        server.command(run_id, "stop")

        server.wait_for_status(run_id, "stopped")
        server.wait_until(lambda: not slurm.processes(JOB), "the job has ended")
        server.wait_until(lambda: not slurm.processes("babysit"), "its command has ended")
