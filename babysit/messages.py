"""The one vocabulary of server and worker: commands ask, events state what happened.

Both sides write these as JSON objects into the journals of a run (`babysit/journal.py`): the server
into `server.journal`, the worker of attempt N into `attempt-N.journal`. The set is closed: `EVENTS`
and `COMMANDS` list every kind, and `event_from_json` refuses anything else.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from types import NoneType
from typing import Any, ClassVar, Literal, TypeAlias

Value: TypeAlias = float | int | bool | str
Values: TypeAlias = dict[str, Value]


class RunStatus(StrEnum):
    """Where a run is. Only a `StatusChanged` moves it."""

    QUEUED = "queued"  # accepted; waits for a free place among the running ones
    STARTING = "starting"  # a worker is being started for it
    RUNNING = "running"  # steps are being made
    PAUSED = "paused"  # the worker is alive and waits between two steps
    FINISHED = "finished"  # all its steps are made
    STOPPED = "stopped"  # ended on request before its last step
    FAILED = "failed"  # the task raised; the event carries the traceback
    LOST = "lost"  # the worker is gone without a word

    @property
    def is_over(self) -> bool:
        """No worker will make another step of this run."""
        return self in OVER


OVER = frozenset({RunStatus.FINISHED, RunStatus.STOPPED, RunStatus.FAILED, RunStatus.LOST})

# Which status may follow which. QUEUED -> STOPPED: stopped before it ever had a worker.
MOVES: dict[RunStatus, frozenset[RunStatus]] = {
    RunStatus.QUEUED: frozenset({RunStatus.STARTING}) | OVER,
    RunStatus.STARTING: frozenset({RunStatus.RUNNING, RunStatus.PAUSED, RunStatus.QUEUED}) | OVER,
    # Back to STARTING: the worker died, and another one takes the run up.
    RunStatus.RUNNING: frozenset({RunStatus.PAUSED, RunStatus.STARTING}) | OVER,
    RunStatus.PAUSED: frozenset({RunStatus.RUNNING, RunStatus.STARTING}) | OVER,
    **{status: frozenset() for status in (RunStatus.FINISHED, RunStatus.STOPPED)},
    # A worker that was only thought dead may still speak; what it says is the truth.
    RunStatus.LOST: frozenset(RunStatus) - {RunStatus.QUEUED, RunStatus.LOST},
    RunStatus.FAILED: frozenset(),
}

CommandKind: TypeAlias = Literal[
    "set", "pause", "resume", "stop", "save_checkpoint", "evaluate", "extend", "cancel", "fork"
]
CheckpointCause: TypeAlias = Literal["start", "timer", "change", "best", "user", "pause", "end"]

# What a person may ask of a run in each status. `fork` is not among them: it makes a new run.
ALLOWED: dict[RunStatus, tuple[CommandKind, ...]] = {
    RunStatus.QUEUED: ("set", "pause", "stop", "extend", "cancel"),
    RunStatus.STARTING: ("set", "pause", "stop", "extend", "cancel"),
    RunStatus.RUNNING: (
        "set",
        "pause",
        "stop",
        "save_checkpoint",
        "evaluate",
        "extend",
        "cancel",
    ),
    RunStatus.PAUSED: (
        "set",
        "resume",
        "stop",
        "save_checkpoint",
        "evaluate",
        "extend",
        "cancel",
    ),
    **dict.fromkeys(OVER, ()),
}
# Asking for what is already so is answered at once and changes nothing.
NO_OPS: frozenset[tuple[RunStatus, CommandKind]] = frozenset(
    {(RunStatus.RUNNING, "resume"), (RunStatus.PAUSED, "pause")}
)


# ---- commands: the server asks, in `server.journal` -----------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """Change hyperparameters between two steps.

    values: only what is to change. `learning_rate` is the effective value from the next update on
        (the base is re-anchored under the schedule); `base_learning_rate` sets the base.
    at_step: wait until this many updates are done; None: the next step boundary.
    over_steps: go there gradually over this many updates, geometrically on a log scale.
    keep_step_size: with `momentum`, multiply the learning rate by (1-new)/(1-old), so that
        lr/(1-momentum) stays as it is.
    batch_now: re-batch the rest of this epoch at once instead of from the next epoch on.
    """

    kind: ClassVar[CommandKind] = "set"
    values: Values
    at_step: int | None = None
    over_steps: int | None = None
    note: str = ""
    keep_step_size: bool = False
    batch_now: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Wait between two steps; everything stays in memory, and a checkpoint is written."""

    kind: ClassVar[CommandKind] = "pause"
    note: str = ""
    reason: str = "user"  # or "no_viewer": the demo waits until somebody looks


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """Go on from a pause."""

    kind: ClassVar[CommandKind] = "resume"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """End the run before its last step; a checkpoint is written."""

    kind: ClassVar[CommandKind] = "stop"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveCheckpoint:
    """Write a checkpoint that retention never removes."""

    kind: ClassVar[CommandKind] = "save_checkpoint"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate:
    """Measure the validation set at this step."""

    kind: ClassVar[CommandKind] = "evaluate"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend:
    """Move the run's last step further away."""

    kind: ClassVar[CommandKind] = "extend"
    steps: int  # how many more
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Withdraw a scheduled change that has not happened yet."""

    kind: ClassVar[CommandKind] = "cancel"
    command_id: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """In a repetition only: go on as the fork did that its original left here, in the same run."""

    kind: ClassVar[CommandKind] = "fork"
    values: Values  # what the fork changed
    steps: int  # the last step of the fork
    note: str = ""


Command: TypeAlias = (
    Set | Pause | Resume | Stop | SaveCheckpoint | Evaluate | Extend | Cancel | Fork
)
CANCELLED = "Cancelled before its step came."  # why a scheduled change was refused after all
COMMANDS: dict[str, type[Command]] = {
    command.kind: command
    for command in (Set, Pause, Resume, Stop, SaveCheckpoint, Evaluate, Extend, Cancel, Fork)
}

# What the fields of commands may be: a worker must never stumble over one in the middle of a step.
FIELD_TYPES: dict[str, tuple[type, ...]] = {
    "values": (dict,),
    "at_step": (int, NoneType),
    "over_steps": (int, NoneType),
    "keep_step_size": (bool,),
    "batch_now": (bool,),
    "steps": (int,),
    "command_id": (int,),
    "reason": (str,),
    "note": (str,),
}


# ---- events: what happened --------------------------------------------------------------------


def now() -> str:
    """Wall time for display only, ISO 8601 UTC; order is by seq."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event has: the step it happened at and the wall time, for display."""

    kind: ClassVar[str] = ""
    step: int
    at: str = field(default_factory=now)


# Written by the server.


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


# Written by the worker; StatusChanged also by the server for queued, starting and lost.


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
    """Retention removed a checkpoint that nothing refers to."""

    kind: ClassVar[str] = "checkpoint_removed"
    checkpoint_id: int


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

CHECKPOINTS_PER_RUN_MAX = 1_000_000
TRIAL_NICENESS = 10  # of a search's workers, as of `nice`


def checkpoint_id(run_id: int, ordinal: int) -> int:
    """The id of the `ordinal`-th checkpoint (from 1) of a run, the same after a rebuild of SQL."""
    return run_id * CHECKPOINTS_PER_RUN_MAX + ordinal


def to_json(message: Event | Command) -> dict[str, Any]:
    return {"kind": message.kind, **fields_of(message)}


def fields_of(record: Any) -> dict[str, Any]:
    """The fields of a dataclass that holds plain JSON; what they hold is not copied."""
    return {item.name: getattr(record, item.name) for item in fields(record)}


def command_from_json(body: dict[str, Any]) -> Command:
    """The command a JSON object stands for.

    Raises:
        ValueError: unknown kind, missing fields, or a value of the wrong type.
    """
    command: Command = _from_json(COMMANDS, body)
    for item in fields(command):
        value = getattr(command, item.name)
        if type(value) not in FIELD_TYPES[item.name]:
            raise ValueError(f"{item.name} of {command.kind} cannot be {value!r}")
    return command


def event_from_json(body: dict[str, Any]) -> Event:
    """The event a JSON object stands for; fields of a newer version are dropped.

    Raises:
        ValueError: unknown kind or missing fields.
    """
    event: Event = _from_json(EVENTS, body)
    return event


def _from_json(kinds: dict[str, Any], body: dict[str, Any]) -> Any:
    kind = kinds.get(str(body.get("kind")))
    if kind is None:
        raise ValueError(f"unknown kind {body.get('kind')!r}")
    known = {item.name for item in fields(kind)}
    values = {name: value for name, value in body.items() if name in known}
    if kind is StatusChanged:
        values["status"] = RunStatus(values["status"])
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAsked:
    """`run.json`: what was asked for when the run was made. Written once, never edited."""

    id: int
    family_id: int
    name: str
    task: str
    values: Values  # all hyperparameters of the task; for a fork the overrides over the checkpoint
    steps: int  # the run ends after this many updates, counted from its root's beginning
    seed: int
    created_at: str
    parent: dict[str, int] | None = None  # run_id, step, checkpoint_id
    parent_directory: str | None = None  # of the checkpoint, relative to the data directory
    parent_state_sha256: str | None = None  # as its run announced the checkpoint, and its bytes:
    parent_bytes: int | None = None  # what lies there when the worker begins must be the same
    note: str = ""
    actor: str = "owner"
    demo: bool = False
    max_steps_per_s: float | None = None  # a throttle, for lessons
    rewind: bool = False
    first_values: Values | None = None  # of a fork: all values, those of its checkpoint with these
    recipe: bool = False  # the run repeats the `recipe.yaml` in its directory
    replay_of: int | None = None  # the run of this server that the recipe was made of
    search: dict[str, int] | None = None  # of a trial: id, number, round
    format: int = 1

    @property
    def niceness(self) -> int:
        """How much a worker steps back: a run that somebody steers comes before all trials."""
        return 0 if self.search is None else TRIAL_NICENESS
