"""The statuses of a run, the changes between them, and the commands that each allows."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeAlias


class RunStatus(StrEnum):
    """The status of a run. Only a `StatusChanged` event changes it."""

    QUEUED = "queued"  # accepted; waits for a free slot
    STARTING = "starting"  # its worker is being started
    RUNNING = "running"  # the worker trains
    PAUSED = "paused"  # the worker is alive and waits between two steps
    FINISHED = "finished"  # it has made all its steps
    STOPPED = "stopped"  # it was stopped before its last step
    FAILED = "failed"  # the task raised; the event carries the traceback
    LOST = "lost"  # the worker exited without reporting a reason

    @property
    def is_over(self) -> bool:
        """No worker will make another step of this run."""
        return self in OVER


OVER = frozenset({RunStatus.FINISHED, RunStatus.STOPPED, RunStatus.FAILED, RunStatus.LOST})

# Which status may follow which. QUEUED -> STOPPED: it was stopped before it had a worker.
MOVES: dict[RunStatus, frozenset[RunStatus]] = {
    RunStatus.QUEUED: frozenset({RunStatus.STARTING}) | OVER,
    RunStatus.STARTING: frozenset({RunStatus.RUNNING, RunStatus.PAUSED, RunStatus.QUEUED}) | OVER,
    # Back to STARTING: the worker died, and another one continues the run.
    RunStatus.RUNNING: frozenset({RunStatus.PAUSED, RunStatus.STARTING}) | OVER,
    RunStatus.PAUSED: frozenset({RunStatus.RUNNING, RunStatus.STARTING}) | OVER,
    **{status: frozenset() for status in (RunStatus.FINISHED, RunStatus.STOPPED)},
    # A worker that was taken for dead may still report; its events are right. A script whose
    # process is gone is queued again when somebody asks for it.
    RunStatus.LOST: frozenset(RunStatus) - {RunStatus.LOST},
    RunStatus.FAILED: frozenset(),
}

CommandKind: TypeAlias = Literal[
    "set", "pause", "resume", "stop", "save_checkpoint", "evaluate", "extend", "cancel", "fork"
]
EXIT_PREEMPTED = 99  # of a worker that has left its run to the next attempt

CheckpointCause: TypeAlias = Literal["start", "timer", "change", "best", "user", "pause", "end"]

# The commands that each status allows. `fork` is not among them: it creates a new run.
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

# Commands without effect. They are answered at once and change nothing.
NO_OPS: frozenset[tuple[RunStatus, CommandKind]] = frozenset(
    {(RunStatus.RUNNING, "resume"), (RunStatus.PAUSED, "pause")}
)
