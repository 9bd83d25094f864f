"""Which steps of a run are repeated to prove it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.store.runs.create import start_run
from app.store.runs.projection import emit, record_event
from app.store.runs.runs import find_run
from app.store.store import Store, Transaction
from app.supervisor.proofs.candidates import next_candidate
from babysit.protocol.events import (
    Applied,
    Changed,
    CheckpointSaved,
    Event,
    Exactness,
    StatusChanged,
)
from babysit.protocol.serialization import to_json
from babysit.protocol.spec.run_spec import checkpoint_id
from babysit.protocol.status import CheckpointCause, RunStatus
from tests.app.fake_worker import SPIRALS, started

STEP = 200  # of the run
RECENTLY = "2026-01-01T12:00:00.000+00:00"


def saved(step: int, cause: CheckpointCause = "timer") -> CheckpointSaved:
    return CheckpointSaved(
        step=step,
        checkpoint_id=0,
        directory=str(step),
        cause=cause,
        val_cost=None,
        bytes=1,
        weights_sha256="",
        state_sha256="",
    )


def changed(step: int) -> Changed:
    return Changed(
        step=step,
        command_id=1,
        before={},
        after={},
        undo_values={},
        values={},
        effective_step=step + 1,
    )


def applied(step: int, kind: str) -> Applied:
    return Applied(step=step, command_id=1, command_kind=kind, before={}, after={})


def ended(at: str) -> StatusChanged:
    return StatusChanged(step=STEP, status=RunStatus.STOPPED, at=at)


# What is said of a run, and which steps of it are then repeated: after the first, up to the second.
CASES: dict[str, tuple[list[Event], tuple[int, int] | None]] = {
    "a checkpoint on the way": ([saved(0, "start"), saved(40)], (40, 140)),
    "several": ([saved(40), saved(120), saved(190)], (120, STEP)),
    "a later change": ([saved(40), changed(90)], (40, 90)),
    "an early change": ([saved(40), changed(60)], None),
    "a change at once": ([saved(40, "change"), changed(40)], None),
    "an extension": ([saved(40), applied(60, "extend")], None),
    "a pause": ([saved(40), applied(60, "pause"), applied(60, "save_checkpoint")], (40, 140)),
    "hardly anything is in the state": ([saved(5)], None),
    "known": ([saved(40), Exactness(step=100, level="exact", proved_at_step=100)], None),
    "ended lately": ([saved(40), ended("2026-01-01T12:01:00.000Z")], (40, 140)),
    "ended long ago": ([saved(40), ended("2026-01-01T11:59:00.000Z")], None),
}


def make_run(tx: Transaction, events: list[Event]) -> int:
    run = start_run(tx, SPIRALS, {})
    running = StatusChanged(step=0, status=RunStatus.RUNNING)
    for seq, event in enumerate((started(), running, *events), 1):
        body = to_json(event)
        if isinstance(event, CheckpointSaved):
            body["checkpoint_id"] = checkpoint_id(run.id, event.step)
        record_event(tx, run, attempt=1, seq=seq, body=body)
    run.step = STEP
    return run.id


def next_steps(session: Session, tried: set[int]) -> tuple[int, int] | None:
    found = next_candidate(session, tried, since=RECENTLY, on_gpu=True)
    if found is None:
        return None
    tried.add(found.checkpoint_id)
    return found.step, found.until


def test_steps_without_a_change_after_a_checkpoint_are_repeated(store: Store) -> None:
    found = {}
    for name, (events, _) in CASES.items():
        with store.writing() as tx:
            run_id = make_run(tx, events)
            found[name] = next_steps(tx.session, set())
            emit(tx, find_run(tx.session, run_id), Exactness(step=0, level="approximate"))

    assert found == {name: steps for name, (_, steps) in CASES.items()}


def test_a_checkpoint_is_tried_once(store: Store) -> None:
    tried = set[int]()
    with store.writing() as tx:
        make_run(tx, [saved(40), saved(80)])

        found = [next_steps(tx.session, tried) for _ in range(3)]

    assert found == [(80, 180), (40, 140), None]
