"""Decides what follows after a worker has exited: another attempt, or the end of the run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from babysit.protocol.events import Applied, Raised, StatusChanged
from babysit.protocol.heartbeat import failed_at_same_step
from babysit.protocol.status import RunStatus

from ..store.event_summary import RECOVERING
from ..store.events import newest_of_kind
from ..store.runs.declared import is_by_hand
from ..store.tables.runs import CommandRow, RunRow
from .liveness import describe_exit, was_preempted

ATTEMPTS_MAX = 3  # of one run; those that were preempted do not count


@dataclass(frozen=True, slots=True)
class ExitDecision:
    """The status that follows, and why. STARTING: another attempt.

    answers: to commands that what happened has carried out.
    """

    status: RunStatus
    reason: str | None = None
    traceback: str | None = None
    answers: tuple[Applied, ...] = ()

    def to_event(self, step: int) -> StatusChanged:
        return StatusChanged(
            step=step, status=self.status, reason=self.reason, traceback=self.traceback
        )


def decide_exit(session: Session, run: RunRow, directory: Path, *, recovers: bool) -> ExitDecision:
    """What follows when the latest worker exited without reporting how the run ended.

    recovers: whether runs are restarted at all.
    """
    raised = _raised(session, run)
    how = describe_exit(directory, run.attempt) if raised is None else raised.reason
    stops = _stops_asked(session, run)
    if stops:
        return ExitDecision(RunStatus.STOPPED, how, answers=stops)
    if is_by_hand(run):
        return ExitDecision(RunStatus.LOST, how)
    if recovers and was_preempted(directory, run.attempt):
        return ExitDecision(RunStatus.STARTING, f"{RECOVERING}{how}")
    failed = sum(not was_preempted(directory, number + 1) for number in range(run.attempt))
    if recovers and failed < ATTEMPTS_MAX and not failed_at_same_step(directory, run.attempt):
        return ExitDecision(RunStatus.STARTING, f"{RECOVERING}{how}")
    if raised is not None:
        return ExitDecision(RunStatus.FAILED, raised.reason, raised.traceback)
    return ExitDecision(RunStatus.LOST, how)


def _raised(session: Session, run: RunRow) -> Raised | None:
    """The exception of the task that ended the latest attempt, if any."""
    for event in newest_of_kind(session, run.id, Raised.kind):
        if event.attempt == run.attempt:
            reason, traceback = (str(event.body[name]) for name in ("reason", "traceback"))
            return Raised(step=event.step, reason=reason, traceback=traceback)
    return None


def _stops_asked(session: Session, run: RunRow) -> tuple[Applied, ...]:
    """Answers to stop commands that the worker did not carry out: the run is stopped now."""
    pending = select(CommandRow).where(
        CommandRow.run_id == run.id,
        CommandRow.status == "pending",
        CommandRow.kind == "stop",
        CommandRow.redo_at.is_(None),  # not a stop that a recipe repeats
    )
    return tuple(
        Applied(
            step=run.step,
            command_id=command.id,
            command_kind=command.kind,
            before={"status": run.status},
            after={"status": RunStatus.STOPPED},
            actor=command.actor,
        )
        for command in session.scalars(pending.order_by(CommandRow.id))
    )
