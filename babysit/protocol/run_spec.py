"""What is asked for when a run is made (`run.json`), and the ids of its checkpoints."""

from __future__ import annotations

from dataclasses import dataclass

from babysit.protocol.values import Values

CHECKPOINTS_PER_RUN_MAX = 1_000_000
TRIAL_NICENESS = 10  # of a search's workers, as of `nice`


def checkpoint_id(run_id: int, ordinal: int) -> int:
    """The id of the `ordinal`-th checkpoint (from 1) of a run, the same after a rebuild of SQL."""
    return run_id * CHECKPOINTS_PER_RUN_MAX + ordinal


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
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
    schedule_follows: bool = False  # of a fork: a schedule to the end of the run ends at its end
    format: int = 1

    @property
    def niceness(self) -> int:
        """How much a worker steps back: a run that somebody steers comes before all trials."""
        return 0 if self.search is None else TRIAL_NICENESS
