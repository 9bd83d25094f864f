"""Events: what happened, as JSON objects in the journals of a run (`babysit/storage/journal.py`).

The server writes its own into `server.journal`, the worker of attempt N into
`attempt-N.journal`. The set is closed: `EVENTS` lists every kind, and `event_from_json` refuses
anything else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from babysit.protocol.serialization import from_json, now
from babysit.protocol.status import CheckpointCause, RunStatus
from babysit.protocol.values import Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event has: the step it happened at and the wall time, for display."""

    kind: ClassVar[str] = ""
    step: int
    at: str = field(default_factory=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSent(Event):
    """The server passes a command on; ids grow within a run, each is carried out once.

    redo_at: of a recipe: it is carried out when exactly this many updates are done.
    after_scheduled: and after the scheduled changes of that step.
    """

    kind: ClassVar[str] = "command_sent"
    command_id: int
    command: dict[str, Any]  # a command as JSON
    actor: str = "owner"
    redo_at: int | None = None
    after_scheduled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAdded(Event):
    """Somebody pinned a note to a step."""

    kind: ClassVar[str] = "note_added"
    text: str
    actor: str = "owner"
    command_id: int | None = None  # the change this note explains, if any
    replaces: int | None = None  # seq of the note, in the same journal, whose text this corrects


@dataclass(frozen=True, slots=True, kw_only=True)
class Described(Event):
    """Somebody renamed the run, changed its description, or made it its family's live branch."""

    kind: ClassVar[str] = "described"
    name: str | None = None
    note: str | None = None
    live: bool | None = None
    actor: str = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trashed(Event):
    """The run went to the trash."""

    kind: ClassVar[str] = "trashed"
    actor: str = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored(Event):
    """The run came back from the trash."""

    kind: ClassVar[str] = "restored"
    actor: str = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointPinned(Event):
    """Retention must keep (or need no longer keep) this checkpoint."""

    kind: ClassVar[str] = "checkpoint_pinned"
    checkpoint_id: int
    pinned: bool
    actor: str = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forked(Event):
    """A new run left this one at a checkpoint, which is kept from now on."""

    kind: ClassVar[str] = "forked"
    checkpoint_id: int
    child_run_id: int
    rewind: bool
    actor: str = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChanged(Event):
    """The run's status moved."""

    kind: ClassVar[str] = "status_changed"
    status: RunStatus
    reason: str | None = None
    traceback: str | None = None  # of a failed run, capped
    command_id: int | None = None
    starts_attempt: int | None = None  # of STARTING: the number of the process to come


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStarted(Event):
    """A process took the run up. Its identity, and all that exactness depends on."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed(Event):
    """A `Set` was carried out: before and after are read back from the optimizer.

    values: base values of what changed, in force from now on: where a ramp leads, lr's base.
    effective_step: the first update that uses it (a batch size may wait for the next epoch).
    undo_values: what to `set` to put the change back.
    """

    kind: ClassVar[str] = "changed"
    command_id: int
    before: Values
    after: Values
    undo_values: Values
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
    values: Values
    over_steps: int | None = None
    actor: str = "owner"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied(Event):
    """Any command but `Set` was carried out."""

    kind: ClassVar[str] = "applied"
    command_id: int
    command_kind: str
    before: dict[str, Any]
    after: dict[str, Any]
    actor: str = "owner"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Event):
    """A command was not carried out, and nothing changed."""

    kind: ClassVar[str] = "refused"
    command_id: int
    command_kind: str
    reason: str
    field: str | None = None
    actor: str = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSaved(Event):
    """A checkpoint is on the disk: hashed, synced and renamed into place before this was said."""

    kind: ClassVar[str] = "checkpoint_saved"
    checkpoint_id: int
    directory: str  # below `checkpoints/`
    cause: CheckpointCause
    val_cost: float | str | None
    bytes: int
    weights_sha256: str
    state_sha256: str
    command_id: int | None = None  # of the change it was written before, or of the user's save


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointRemoved(Event):
    """Retention, or somebody, removed a checkpoint that nothing refers to."""

    kind: ClassVar[str] = "checkpoint_removed"
    checkpoint_id: int
    actor: str = "retention"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardTripped(Event):
    """A value showed that the training went wrong; the run pauses."""

    kind: ClassVar[str] = "guard_tripped"
    rule: str  # "non_finite"
    series: str  # whose value it was
    value: float | str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered(Event):
    """A later attempt took the run up from a checkpoint after a crash."""

    kind: ClassVar[str] = "recovered"
    from_step: int
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised(Event):
    """The task raised in the update after `step`; a further attempt is to take the run up."""

    kind: ClassVar[str] = "raised"
    reason: str
    traceback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed(Event):
    """A run that repeats a recipe is at its end, or somebody changed it by hand.

    equal: to the last bit, as far as it was compared: up to this event's step.
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
    """Something the person should know that stops nothing."""

    kind: ClassVar[str] = "warned"
    message: str


EVENTS: dict[str, type[Event]] = {
    event.kind: event
    for event in (
        CommandSent,
        NoteAdded,
        Described,
        Trashed,
        Restored,
        CheckpointPinned,
        Forked,
        StatusChanged,
        WorkerStarted,
        Changed,
        ChangeScheduled,
        Applied,
        Refused,
        CheckpointSaved,
        CheckpointRemoved,
        GuardTripped,
        Recovered,
        Replayed,
        Raised,
        Warned,
    )
}


def event_from_json(body: dict[str, Any]) -> Event:
    """The event a JSON object stands for; fields of a newer version are dropped.

    Raises:
        ValueError: unknown kind or missing fields.
    """
    if body.get("kind") == StatusChanged.kind:
        body = {**body, "status": RunStatus(str(body.get("status")))}
    event: Event = from_json(EVENTS, body)
    return event
