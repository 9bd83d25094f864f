"""Checks of the status of a run (R): who works on it, and how it got where it is."""

from __future__ import annotations

from babysit.protocol.status import MOVES, RunStatus
from babysit.storage.file_lock import has_open
from babysit.storage.process_identity import ProcessIdentity, is_alive

from .snapshot import RunSnapshot

WORKED_ON = (RunStatus.RUNNING, RunStatus.PAUSED)


def status_is_evident(snapshot: RunSnapshot) -> tuple[int, list[str]]:
    """R1: a run that is worked on has a living worker that holds its lock; one that is over not."""
    status, name = snapshot.run.status, snapshot.name
    if status in WORKED_ON:
        if not snapshot.is_locked:
            return 1, [f"{name} is {status.value}, but no worker holds its lock"]
        identity = _identities(snapshot).get(snapshot.run.attempt)
        if identity is None or not is_alive(identity):
            return 1, [f"{name} is {status.value}, but its worker has exited"]
    elif status is RunStatus.STARTING and not snapshot.is_locked and not snapshot.server_is_there:
        return 1, [f"{name} is starting, but no server is running"]
    elif snapshot.is_locked and (status.is_over or status is RunStatus.QUEUED):
        return 1, [f"{name} is {status.value}, but a worker holds its lock"]
    return 1, []


def worker_is_alone(snapshot: RunSnapshot) -> tuple[int, list[str]]:
    """R2: at most one process works on a run. Those of the original do not work on a copy."""
    identities = _identities(snapshot)
    alive = [
        attempt
        for attempt, identity in identities.items()
        if is_alive(identity)
        and has_open(identity.pid, snapshot.directory / f"attempt-{attempt:04d}.journal")
    ]
    if len(alive) > 1:
        named = " and ".join(str(attempt) for attempt in alive)
        return len(identities), [f"{snapshot.name}: the workers of attempts {named} live at once"]
    return len(identities), []


def end_is_written(snapshot: RunSnapshot) -> tuple[int, list[str]]:
    """R3: a run is finished only by the word of its worker."""
    if snapshot.run.status is not RunStatus.FINISHED:
        return 0, []
    said = [
        attempt for attempt, body in snapshot.said("status_changed") if body["status"] == "finished"
    ]
    return 1, [] if any(said) else [f"{snapshot.name} is finished, but no worker reported it"]


def moves_are_legal(snapshot: RunSnapshot) -> tuple[int, list[str]]:
    """R4: a status follows the one before it as `MOVES` allows."""
    status, counted, wrong = RunStatus.QUEUED, 0, []
    for row in snapshot.events:
        if row.kind != "status_changed":
            continue
        counted += 1
        moved = RunStatus(row.body["status"])
        from_queue = row.attempt > 0 and status is RunStatus.QUEUED
        if moved != status and moved not in MOVES[status] and not from_queue:
            wrong.append(f"{snapshot.name}, event {row.id}: from {status.value} to {moved.value}")
        else:
            status = moved
    if status is not snapshot.run.status:
        wrong.append(
            f"{snapshot.name} is {snapshot.run.status.value}, its events lead to {status.value}"
        )
    return counted, wrong


def _identities(snapshot: RunSnapshot) -> dict[int, ProcessIdentity]:
    """Who said that it took the run up, by attempt."""
    return {
        attempt: ProcessIdentity(int(body["pid"]), int(body["start_ticks"]), str(body["boot_id"]))
        for attempt, body in snapshot.said("worker_started")
    }
