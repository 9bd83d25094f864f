"""A worker whose machine is wanted back: it leaves its run to the next attempt, step by step."""

from __future__ import annotations

import signal

from babysit.protocol.commands import Pause
from tests.babysit.worker_harness import Lab, LabRun

STEPS = 300
PACE = 300  # steps per second


def preempted(run: LabRun) -> None:
    run.kill(signal.SIGUSR2)
    run.wait_for_exit()


def test_a_preempted_run_goes_on_at_the_step_where_it_was_left(lab: Lab) -> None:
    whole = lab.start("spirals", steps=STEPS)
    run = lab.start("spirals", steps=STEPS, max_steps_per_s=PACE)
    run.wait_for_step(40)

    preempted(run)

    assert run.checkpoints()[-1]["step"] == run.step() < STEPS
    assert run.said("status_changed")[-1]["status"] == "running"  # its end was not said
    again = lab.next_attempt(run).finished()
    assert min(again.costs) == run.step() + 1  # nothing is made twice
    assert {**run.costs, **again.costs} == whole.finished().costs
    assert again.final_sha256 == whole.final_sha256


def test_a_preempted_pause_stays_a_pause(lab: Lab) -> None:
    run = lab.start("spirals", steps=STEPS, max_steps_per_s=PACE)
    run.wait_for_step(10)
    run.do(Pause())

    preempted(run)

    again = lab.next_attempt(run)
    again.event("status_changed", status="paused")
    assert again.costs == {}
