"""The states of a run, the moves between them, and what may be asked in each."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeAlias


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
