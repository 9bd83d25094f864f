"""What follows when a worker has left its run because its machine was wanted back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.store.runs.runs import find_run
from app.store.store import Store
from app.supervisor.exit_policy import ATTEMPTS_MAX, ExitDecision, decide_exit
from babysit.protocol.status import RunStatus

WHY = "The scheduler wanted the machine back; a checkpoint was saved first."


def decided(store: Store, run_id: int, ends: list[bool], *, recovers: bool = True) -> ExitDecision:
    """After attempts of which each was preempted, or else killed."""
    directory: Path = store.runs_dir / str(run_id)
    for attempt, preempted in enumerate(ends, 1):
        ended = {"status": 99 if preempted else -9, "signal": None if preempted else 9}
        record = {**ended, "preempted": preempted, "why": WHY if preempted else None}
        (directory / f"exit-{attempt:04d}.json").write_text(json.dumps(record))
    with store.writing() as tx:
        run = find_run(tx.session, run_id)
        run.status, run.attempt = RunStatus.RUNNING, len(ends)
        return decide_exit(tx.session, run, directory, recovers=recovers)


def test_preempted_attempts_do_not_count_as_failed(store: Store, run_id: int) -> None:
    follows = decided(store, run_id, [True] * (ATTEMPTS_MAX + 2))

    assert (follows.status, follows.reason) == (RunStatus.STARTING, f"recovering: {WHY}")


@pytest.mark.parametrize(
    ("ends", "status"),
    [
        ([True, True, True, False], RunStatus.STARTING),
        ([False, True, False, True, False], RunStatus.LOST),
    ],
)
def test_attempts_that_failed_count_among_preempted_ones(
    store: Store, run_id: int, ends: list[bool], status: RunStatus
) -> None:
    assert decided(store, run_id, ends).status is status


def test_without_recovery_a_preempted_run_is_lost(store: Store, run_id: int) -> None:
    follows = decided(store, run_id, [True], recovers=False)

    assert (follows.status, follows.reason) == (RunStatus.LOST, WHY)
