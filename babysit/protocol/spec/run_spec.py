"""The specification of a run (`run.json`), and the ids of its checkpoints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from babysit.protocol.objective import Mode, Objective
from babysit.protocol.serialization import ADDED
from babysit.protocol.values import RequestedValues, Values

CHECKPOINTS_PER_RUN_MAX = 1_000_000
TRIAL_NICENESS = 10  # the `nice` value of workers of trials


def checkpoint_id(run_id: int, ordinal: int) -> int:
    """The id of the `ordinal`-th checkpoint (from 1) of a run, the same after a rebuild of SQL."""
    return run_id * CHECKPOINTS_PER_RUN_MAX + ordinal


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptSpec:
    """A training script of somebody's own, and how it was started.

    path: of the script. argv: the arguments after it. cwd: the folder it was started in.
    python: the interpreter. environment: the variables that its results may depend on.
    sha256: of the script's text. git: commit, and whether the tree was clean; None outside of one.
    processes: that train together, as torchrun starts them.
    supervised: the server started it, and continues it after a crash.
    """

    path: str
    argv: list[str]
    cwd: str
    python: str
    sha256: str
    environment: dict[str, str] = field(default_factory=dict)
    git: dict[str, Any] | None = None
    supervised: bool = False
    processes: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """`run.json`: the request that created the run. Written once, never edited."""

    id: int
    family_id: int
    name: str
    task: str
    values: RequestedValues  # all hyperparameters; of a fork: what differs from the checkpoint
    steps: int  # the run ends after this many updates, counted from the start of its root run
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
    # Of a fork: a schedule that lasts to the end of the run ends at the end of the fork.
    schedule_follows: bool | None = field(default=None, metadata=ADDED)
    script: dict[str, Any] | None = field(default=None, metadata=ADDED)  # as `ScriptSpec`
    # What is best: a series, and whether a low or a high value of it; see `ranking`.
    objective: str | None = field(default=None, metadata=ADDED)
    mode: Mode | None = field(default=None, metadata=ADDED)
    format: int = 1

    @property
    def ranking(self) -> Objective:
        """What decides which checkpoint is the best."""
        return Objective.of(self.objective, self.mode)

    @property
    def niceness(self) -> int:
        """The `nice` value of the worker: ordinary runs have priority over trials."""
        return 0 if self.search is None else TRIAL_NICENESS
