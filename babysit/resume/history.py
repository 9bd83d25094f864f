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

from babysit.protocol.commands import CANCELLED
from babysit.protocol.events import Changed, CommandSent, event_from_json
from babysit.protocol.recipes.recipe import UNREPEATABLE
from babysit.protocol.spec.run_spec import CHECKPOINTS_PER_RUN_MAX, RunSpec
from babysit.protocol.status import CheckpointCause, RunStatus
from babysit.storage.journal import Frame, JournalReader, Points, Record, parse_float
from babysit.storage.manifest import Announced, CheckpointDamaged
from babysit.storage.objects.restoring import replace_damaged
from babysit.training.checkpoint import Snapshot, load_checkpoint

# The commands that decide the future of a run.
REPLAYED = frozenset({"set", "extend", "cancel", "fork"})


@dataclass(frozen=True, slots=True)
class RecordedCheckpoint:
    """A checkpoint that an earlier attempt announced and did not remove."""

    id: int
    step: int
    directory: str
    cause: CheckpointCause
    val_cost: float | None
    objective_value: float | None
    announced: Announced

    @property
    def ordinal(self) -> int:
        return self.id % CHECKPOINTS_PER_RUN_MAX


@dataclass(frozen=True, slots=True)
class Place:
    """When a command was carried out, or is to be: at a step, before or after the changes that
    were scheduled for this step.
    """

    step: int
    after_scheduled: bool = False


@dataclass(frozen=True, slots=True)
class ReplayedCommand:
    """A command that acts at its place, whoever asked for it and whenever that was."""

    place: Place
    sent: CommandSent


@dataclass(slots=True)
class RunHistory:
    """What the earlier attempts of a run recorded.

    carried_out: command id -> where it first took effect or was scheduled.
    scheduled_made_at: the step of the newest change that had waited for its step.
    answered: ids that have their one answer; a later attempt says nothing more about them.
    costs: step -> train/cost, of the newest attempt that made the step.
    """

    carried_out: dict[int, Place] = field(default_factory=dict)
    scheduled_made_at: int = -1
    answered: set[int] = field(default_factory=set)
    costs: dict[int, float] = field(default_factory=dict)
    active_s: dict[int, float] = field(default_factory=dict)
    checkpoints: dict[int, RecordedCheckpoint] = field(default_factory=dict)
    damaged: set[str] = field(default_factory=set)  # their directories: kept, and never used
    logged: dict[str, dict[int, float]] | None = None  # of a script: series -> step -> value
    ordinal: int = 0
    attempts: int = 0
    paused_for: str | None = None
    last_changed: Changed | None = None
    replayed: bool = False  # the comparison with a recipe is over

    @property
    def last_step(self) -> int:
        if self.logged is not None:
            return max((max(values) for values in self.logged.values()), default=0)
        return max(self.costs, default=0)


def read_history(run_directory: Path, attempt: int, *, logged: bool = False) -> RunHistory:
    """All that the attempts before `attempt` left in their journals.

    logged: also every value that a script has logged.
    """
    history = RunHistory(attempts=attempt - 1, logged={} if logged else None)
    for earlier in range(1, attempt):
        for record in _records(run_directory / f"attempt-{earlier:04d}.journal"):
            if isinstance(record, Frame):
                _remember(history, record.body)
    return history


def _records(path: Path) -> list[Record]:
    reader, records = JournalReader(path), list[Record]()
    while more := reader.read():
        records += more
    return records


def _remember(history: RunHistory, body: dict[str, Any] | Points) -> None:
    if isinstance(body, Points):
        for name, by_step in (("train/cost", history.costs), ("active_s", history.active_s)):
            if name in body.names:
                values = body.values[body.names.index(name)]
                by_step.update(zip(body.steps.tolist(), values.tolist(), strict=True))
        if history.logged is not None:
            for name, row in zip(body.names, body.values, strict=True):
                if name not in UNREPEATABLE:
                    series = history.logged.setdefault(name, {})
                    series.update(zip(body.steps.tolist(), row.tolist(), strict=True))
        return
    match body["kind"]:
        case "changed":
            _carried_out(history, body)
            history.answered.add(body["command_id"])
            event = event_from_json(body)
            history.last_changed = event if isinstance(event, Changed) else None
            if body["scheduled"]:
                history.scheduled_made_at = body["step"]
        case "change_scheduled":
            _carried_out(history, body)
        case "applied":
            if body["command_kind"] in REPLAYED:
                _carried_out(history, body)
            history.answered.add(body["command_id"])
        case "refused":
            if body["command_id"] in history.carried_out and body["reason"] != CANCELLED:
                history.scheduled_made_at = body["step"]
            history.answered.add(body["command_id"])
        case "replayed":
            history.replayed = True
        case "status_changed":
            paused = body["status"] == RunStatus.PAUSED
            history.paused_for = body["reason"] if paused else None
        case "checkpoint_saved":
            known = RecordedCheckpoint(
                id=body["checkpoint_id"],
                step=body["step"],
                directory=body["directory"],
                cause=body["cause"],
                val_cost=_number(body["val_cost"]),
                objective_value=_number(body.get("objective_value")),
                announced=Announced(body["state_sha256"], body["bytes"]),
            )
            history.checkpoints[known.id] = known
            history.ordinal = max(history.ordinal, known.ordinal)
        case "checkpoint_removed":
            history.checkpoints.pop(body["checkpoint_id"], None)


def _number(stored: float | str | None) -> float | None:
    return None if stored is None else parse_float(stored)


def _carried_out(history: RunHistory, body: dict[str, Any]) -> None:
    place = Place(body["step"], history.scheduled_made_at == body["step"])
    history.carried_out.setdefault(body["command_id"], place)


def announced_in(spec: RunSpec) -> Announced | None:
    """What the parent's run said of the checkpoint; None in a run that an older version made."""
    if spec.parent_state_sha256 is None or spec.parent_bytes is None:
        return None
    return Announced(spec.parent_state_sha256, spec.parent_bytes)


def newest_valid(run_directory: Path, history: RunHistory) -> tuple[Snapshot | None, list[str]]:
    """The newest checkpoint that can be trusted, and what was wrong with newer ones."""
    problems: list[str] = []
    newest_first = sorted(history.checkpoints.values(), key=lambda item: item.ordinal, reverse=True)
    for known in newest_first:
        try:
            directory = run_directory / "checkpoints" / known.directory
            snapshot = load_or_fetch(directory, known.announced)
        except CheckpointDamaged as error:
            problems.append(f"Checkpoint {known.step:,} cannot be used: {error}.")
            del history.checkpoints[known.id]
            history.damaged.add(known.directory)
        else:
            return snapshot, problems
    return None, problems


def load_or_fetch(directory: Path, announced: Announced | None) -> Snapshot:
    """The snapshot in a checkpoint; if its files are gone or damaged, by its copy elsewhere.

    Raises:
        CheckpointDamaged: neither can be used; the message says why.
    """
    try:
        return load_checkpoint(directory, announced)
    except CheckpointDamaged as error:
        replace_damaged(directory, announced, error)
    return load_checkpoint(directory, announced)


@dataclass(frozen=True, slots=True)
class RepeatedValue:
    """A value that was made a second time, and is another one."""

    step: int
    series: str
    recorded: float
    found: float

    def __str__(self) -> str:
        return f"step {self.step:,}: {self.series} is {self.found!r} instead of {self.recorded!r}"


@dataclass(slots=True)
class RecoveryCheck:
    """The part of a run that is made a second time."""

    from_step: int
    history: RunHistory
    first: RepeatedValue | None = None  # that differs

    @property
    def differs_at(self) -> int | None:
        return None if self.first is None else self.first.step

    def is_over(self, step: int) -> bool:
        return step >= self.history.last_step

    def compare(self, step: int, cost: float) -> None:
        """Note the first step whose cost is not equal to the last bit."""
        self._compare(step, "train/cost", self.history.costs.get(step), cost)

    def compare_logged(self, step: int, values: dict[str, float]) -> None:
        """As `compare`, for all that the history holds of a step."""
        for name, value in values.items():
            recorded = (self.history.logged or {}).get(name, {}).get(step)
            self._compare(step, name, recorded, value)

    def _compare(self, step: int, series: str, recorded: float | None, found: float) -> None:
        if recorded is not None and self.first is None and not are_equal(recorded, found):
            self.first = RepeatedValue(step, series, recorded, found)


def are_equal(one: float, other: float) -> bool:
    """Whether all 64 bits are the same."""
    return struct.pack("<d", one) == struct.pack("<d", other)


def commands_to_replay(
    run_directory: Path, history: RunHistory, *, from_step: int, last_command_id: int
) -> deque[ReplayedCommand]:
    """What must be done, in this order, after a state that contains everything up to a command:
    again what was done after it, and what a recipe asks for.

    from_step, last_command_id: of that state.
    """
    to_replay: list[ReplayedCommand] = []
    for record in _records(run_directory / "server.journal"):
        if not isinstance(record, Frame) or not isinstance(record.body, dict):
            continue
        if record.body["kind"] != CommandSent.kind:
            continue
        sent = event_from_json(record.body)
        if not isinstance(sent, CommandSent):
            continue
        place = history.carried_out.get(sent.command_id)
        if place is None and sent.redo_at is not None:
            place = Place(sent.redo_at, sent.after_scheduled)
        if place is None or place.step < from_step:
            continue
        if place.step > from_step or sent.command_id > last_command_id:
            to_replay.append(ReplayedCommand(place, sent))
    # A person's command may come before one of a recipe that was sent earlier.
    return deque(sorted(to_replay, key=lambda item: item.place.step))
