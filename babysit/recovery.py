"""Taking a run up again after its worker died: restore, redo the journaled changes, compare.

A later attempt starts from the newest valid checkpoint. What people had changed after it is done
again at the same steps, and every cost that comes out is compared with the recorded one; new
commands wait until the run is where it was. Nothing of the earlier attempts is touched.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babysit.checkpoint import CheckpointDamaged, Snapshot, load_checkpoint
from babysit.journal import Frame, JournalReader, Points, Record, number
from babysit.messages import (
    CHECKPOINTS_PER_RUN_MAX,
    CheckpointCause,
    CommandSent,
    RunStatus,
    event_from_json,
)

REDONE = frozenset({"set", "extend", "cancel"})  # the commands that decide the future of a run


@dataclass(frozen=True, slots=True)
class KnownCheckpoint:
    """A checkpoint that an earlier attempt announced and did not remove."""

    id: int
    step: int
    directory: str
    cause: CheckpointCause
    val_cost: float | None

    @property
    def ordinal(self) -> int:
        return self.id % CHECKPOINTS_PER_RUN_MAX


@dataclass(slots=True)
class Past:
    """What the earlier attempts of a run recorded.

    carried_out: command id -> the step at which it first took effect or was scheduled.
    answered: ids that have their one answer; a later attempt says nothing more about them.
    costs: step -> train/cost, of the newest attempt that made the step.
    """

    carried_out: dict[int, int] = field(default_factory=dict)
    answered: set[int] = field(default_factory=set)
    costs: dict[int, float] = field(default_factory=dict)
    active_s: dict[int, float] = field(default_factory=dict)
    checkpoints: dict[int, KnownCheckpoint] = field(default_factory=dict)
    damaged: set[str] = field(default_factory=set)  # their directories: kept, and never used
    ordinal: int = 0
    attempts: int = 0
    paused_for: str | None = None

    @property
    def last_step(self) -> int:
        return max(self.costs, default=0)


def read_past(run_directory: Path, attempt: int) -> Past:
    """All that the attempts before `attempt` left in their journals."""
    past = Past(attempts=attempt - 1)
    for earlier in range(1, attempt):
        for record in _records(run_directory / f"attempt-{earlier:04d}.journal"):
            if isinstance(record, Frame):
                _remember(past, record.body)
    return past


def _records(path: Path) -> list[Record]:
    reader, records = JournalReader(path), list[Record]()
    while more := reader.read():
        records += more
    return records


def _remember(past: Past, body: dict[str, Any] | Points) -> None:
    if isinstance(body, Points):
        for name, by_step in (("train/cost", past.costs), ("active_s", past.active_s)):
            if name in body.names:
                values = body.values[body.names.index(name)]
                by_step.update(zip(body.steps.tolist(), values.tolist(), strict=True))
        return
    match body["kind"]:
        case "changed":
            past.carried_out.setdefault(body["command_id"], body["step"])
            past.answered.add(body["command_id"])
        case "change_scheduled":
            past.carried_out.setdefault(body["command_id"], body["step"])
        case "applied":
            if body["command_kind"] in REDONE:
                past.carried_out.setdefault(body["command_id"], body["step"])
            past.answered.add(body["command_id"])
        case "refused":
            past.answered.add(body["command_id"])
        case "status_changed":
            paused = body["status"] == RunStatus.PAUSED
            past.paused_for = body["reason"] if paused else None
        case "checkpoint_saved":
            cost = None if body["val_cost"] is None else number(body["val_cost"])
            known = KnownCheckpoint(
                body["checkpoint_id"], body["step"], body["directory"], body["cause"], cost
            )
            past.checkpoints[known.id] = known
            past.ordinal = max(past.ordinal, known.ordinal)
        case "checkpoint_removed":
            past.checkpoints.pop(body["checkpoint_id"], None)


def newest_valid(run_directory: Path, past: Past) -> tuple[Snapshot | None, list[str]]:
    """The newest checkpoint that can be trusted, and what was wrong with newer ones."""
    problems: list[str] = []
    newest_first = sorted(past.checkpoints.values(), key=lambda item: item.ordinal, reverse=True)
    for known in newest_first:
        try:
            snapshot = load_checkpoint(run_directory / "checkpoints" / known.directory)
        except CheckpointDamaged as error:
            problems.append(f"Checkpoint {known.step:,} cannot be used: {error}.")
            del past.checkpoints[known.id]
            past.damaged.add(known.directory)
        else:
            return snapshot, problems
    return None, problems


@dataclass(slots=True)
class CatchUp:
    """The part of a run that is made a second time.

    redo: commands with the steps at which they were carried out, in order.
    """

    from_step: int
    past: Past
    redo: deque[tuple[int, CommandSent]]
    differs_at: int | None = None

    def is_over(self, step: int) -> bool:
        return step >= self.past.last_step

    def compare(self, step: int, cost: float) -> None:
        """Note the first step whose cost is not equal to the last bit."""
        recorded = self.past.costs.get(step)
        if recorded is None or self.differs_at is not None:
            return
        if struct.pack("<d", recorded) != struct.pack("<d", cost):
            self.differs_at = step


def catch_up(run_directory: Path, past: Past, *, from_step: int, last_command_id: int) -> CatchUp:
    """What must be done again after a checkpoint that contains everything up to a command."""
    redo = deque[tuple[int, CommandSent]]()
    for record in _records(run_directory / "server.journal"):
        if not isinstance(record, Frame) or not isinstance(record.body, dict):
            continue
        if record.body["kind"] != CommandSent.kind:
            continue
        sent = event_from_json(record.body)
        if isinstance(sent, CommandSent) and sent.command_id > last_command_id:
            step = past.carried_out.get(sent.command_id)
            if step is not None:
                redo.append((step, sent))
    return CatchUp(from_step, past, redo)
