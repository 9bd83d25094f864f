"""Events: what happened, as JSON objects in the journals of a run (`babysit/storage/journal.py`).

The server writes its events into `server.journal`, the worker of attempt N its own into
`attempt-N.journal`. The set is closed: `EVENTS` lists every kind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

from babysit.protocol.message import Message, by_kind, decode
from babysit.protocol.serialization import ADDED, now
from babysit.protocol.status import CheckpointCause, RunStatus
from babysit.protocol.values import RequestedValues, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Message):
    """The fields of every event: the step at which it happened, and the wall time for display."""

    step: int
    at: str = field(default_factory=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSent(Event):
    """The server sent a command. Ids grow within a run, and each command is executed once.

    redo_at: of a recipe: the command is executed when exactly this many updates are done.
    after_scheduled: it is executed after the scheduled changes of that step.
    """

    kind: ClassVar[str] = "command_sent"
    command_id: int
    command: dict[str, Any]  # a command as JSON
    actor: str = "owner"
    redo_at: int | None = None
    after_scheduled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAdded(Event):
    """A note was added to a step."""

    kind: ClassVar[str] = "note_added"
    text: str
    actor: str = "owner"
    command_id: int | None = None  # the change this note explains, if any
    replaces: int | None = None  # seq of the note, in the same journal, whose text this corrects


@dataclass(frozen=True, slots=True, kw_only=True)
class Described(Event):
    """The run was renamed, is watched in another way, or is its family's live branch now.

    Only what changed is given.
    guard: whether the run pauses when its cost blows up.
    max_steps_per_s: a pace for watching; 0: as fast as it can.
    controls: of a script's run, by hyperparameter: the `tier` and the `scale` that it was given.
    """

    kind: ClassVar[str] = "described"
    name: str | None = None
    note: str | None = None
    live: bool | None = None
    guard: bool | None = None
    max_steps_per_s: float | None = None
    actor: str = "owner"
    controls: dict[str, dict[str, Any]] | None = field(default=None, metadata=ADDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trashed(Event):
    """The run was moved to the trash."""

    kind: ClassVar[str] = "trashed"
    actor: str = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored(Event):
    """The run was restored from the trash."""

    kind: ClassVar[str] = "restored"
    actor: str = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointPinned(Event):
    """Retention must keep this checkpoint, or may remove it again."""

    kind: ClassVar[str] = "checkpoint_pinned"
    checkpoint_id: int
    pinned: bool
    actor: str = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forked(Event):
    """A new run was forked from a checkpoint of this one, which is kept from now on."""

    kind: ClassVar[str] = "forked"
    checkpoint_id: int
    child_run_id: int
    rewind: bool
    actor: str = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChanged(Event):
    """The run's status changed."""

    kind: ClassVar[str] = "status_changed"
    status: RunStatus
    reason: str | None = None
    traceback: str | None = None  # of a failed run, capped
    command_id: int | None = None
    starts_attempt: int | None = None  # of STARTING: the number of the process to come

    @classmethod
    def from_fields(cls, values: dict[str, Any]) -> Self:
        return cls(**{**values, "status": RunStatus(str(values.get("status")))})


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStarted(Event):
    """A worker started: its identity, and everything that exact results depend on."""

    kind: ClassVar[str] = "worker_started"
    pid: int
    start_ticks: int  # field 22 of /proc/<pid>/stat; with boot_id it tells pids apart
    boot_id: str
    threads: int
    device: str
    versions: dict[str, str]
    code_sha256: str
    data_sha256: str
    train_size: int
    val_size: int
    steps_per_epoch: int
    parameters: int  # how many numbers the network learns
    values: Values
    val_sha256: str | None = field(default=None, metadata=ADDED)
    settings: dict[str, Any] | None = field(default=None, metadata=ADDED)  # of PyTorch
    machine: str | None = field(default=None, metadata=ADDED)  # its host name


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared(Event):
    """A script said, or showed, what it consists of. Only the newest counts.

    steps: of the whole run; None while that is not known.
    hyperparameters: as `Hyperparameter.to_json`, in the order of their tiers.
    parts: name, type, captured ("exact", "approximate" or "not seen") and why of each part.
    cost: the series that is the run's cost; None before the first one is logged.
    objective, mode: the series that decides which state is the best, and "min" or "max".
    """

    kind: ClassVar[str] = "declared"
    steps: int | None
    hyperparameters: list[dict[str, Any]]
    parts: list[dict[str, str]]
    cost: str | None = None
    objective: str | None = None
    mode: str = "min"
    can_evaluate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed(Event):
    """A `Set` was executed: before and after are read back from the optimizer.

    values: base values of what changed, in force from now on: the end of a ramp, lr's base.
    effective_step: the first update that uses it (a batch size may wait for the next epoch).
    undo_values: what to `set` to undo the change.
    """

    kind: ClassVar[str] = "changed"
    command_id: int
    before: Values
    after: Values
    undo_values: RequestedValues
    values: Values
    effective_step: int
    over_steps: int | None = None
    scheduled: bool = False  # asked for earlier, with at_step
    actor: str = "owner"
    note: str = ""
    notes: list[str] = field(default_factory=list)  # e.g. "velocity cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeScheduled(Event):
    """A `Set` with at_step waits for its step."""

    kind: ClassVar[str] = "change_scheduled"
    command_id: int
    at_step: int
    values: RequestedValues
    over_steps: int | None = None
    actor: str = "owner"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied(Event):
    """A command other than `Set` was executed."""

    kind: ClassVar[str] = "applied"
    command_id: int
    command_kind: str
    before: dict[str, Any]
    after: dict[str, Any]
    actor: str = "owner"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Event):
    """A command was not executed, and nothing changed."""

    kind: ClassVar[str] = "refused"
    command_id: int
    command_kind: str
    reason: str
    field: str | None = None
    actor: str = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSaved(Event):
    """A checkpoint is on the disk: it was hashed, synced and renamed before this event."""

    kind: ClassVar[str] = "checkpoint_saved"
    checkpoint_id: int
    directory: str  # below `checkpoints/`
    cause: CheckpointCause
    val_cost: float | str | None
    bytes: int
    weights_sha256: str
    state_sha256: str
    command_id: int | None = None  # of the change it was written before, or of the user's save
    # Of a run whose objective is not the validation cost.
    objective_value: float | str | None = field(default=None, metadata=ADDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointRemoved(Event):
    """Retention, or somebody, removed a checkpoint that nothing refers to."""

    kind: ClassVar[str] = "checkpoint_removed"
    checkpoint_id: int
    actor: str = "retention"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardTripped(Event):
    """A value, or an update that raised after a change, showed that the training went wrong; the
    run pauses.
    """

    kind: ClassVar[str] = "guard_tripped"
    rule: str  # "non_finite", "diverged" or "raised_after_change"
    series: str  # whose value it was
    value: float | str
    message: str
    # Of "raised_after_change": the change, and what undoes it.
    command_id: int | None = field(default=None, metadata=ADDED)
    undo_values: RequestedValues | None = field(default=None, metadata=ADDED)
    traceback: str | None = field(default=None, metadata=ADDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered(Event):
    """A later attempt continues the run from a checkpoint after a crash."""

    kind: ClassVar[str] = "recovered"
    from_step: int
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised(Event):
    """The task raised in the update after `step`; another attempt will continue the run."""

    kind: ClassVar[str] = "raised"
    reason: str
    traceback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed(Event):
    """A replay has ended, or it was changed by hand.

    equal: bit-identical as far as it was compared, which is up to this event's step.
    first_step, quantity: where the first difference is, and the two values there.
    branched: by hand, or it ended early: the rest is not compared.
    """

    kind: ClassVar[str] = "replayed"
    equal: bool
    first_step: int | None = None
    quantity: str | None = None
    recorded: float | str | None = None
    found: float | str | None = None
    branched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned(Event):
    """Something that a person should know; the run continues."""

    kind: ClassVar[str] = "warned"
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exactness(Event):
    """What is known of whether the run can be repeated to the last bit. The worst of a run counts.

    proved_at_step: of "exact": steps up to this one were made twice, and all costs were equal.
    """

    kind: ClassVar[str] = "exactness"
    level: Literal["exact", "approximate", "not proved"]
    reasons: list[str] = field(default_factory=list)
    proved_at_step: int | None = None


EVENTS: dict[str, type[Event]] = by_kind(
    (
        CommandSent, NoteAdded, Described, Trashed, Restored, CheckpointPinned, Forked,
        StatusChanged, WorkerStarted, Declared, Changed, ChangeScheduled, Applied, Refused,
        CheckpointSaved, CheckpointRemoved, GuardTripped, Recovered, Replayed, Raised,
        Warned,
        Exactness,
    )
)  # fmt: skip


def event_from_json(body: dict[str, Any]) -> Event:
    """The event that a JSON object stands for; see `decode` for what it raises."""
    return decode(EVENTS, body)
