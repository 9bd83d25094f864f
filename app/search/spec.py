"""What a search is asked to do: the one list of its fields, and the content of `search.json`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from babysit.protocol.objective import Mode, Objective
from babysit.protocol.serialization import ADDED

from .coarse_to_fine import KEEP, ROUNDS, WIDEN

Strategy: TypeAlias = Literal["grid", "random", "quasi_random", "tpe", "coarse_to_fine"]
FILE = "search.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSpec:
    """`search.json`: written once, never edited. Requests, rows and responses follow by name.

    space: as `Space.to_json` writes it.
    trials: how many to sample; a grid has as many as it has cells, and these are the most.
    steps: the last step of each trial.
    parallel: how many trials run at once; TPE samples trial n knowing all up to n - parallel.
    seed: any whole number from 0.
    keep, widen, rounds: the rule of coarse_to_fine, see `app/search/coarse_to_fine.py`.
    points: of a grid along each range, `space.POINTS` where none are given.
    parent_id: of a refined search, the one whose best trials its space is drawn around.
    clipped: where the space of a refined search met a declared bound.
    script: of a search over somebody's own script: how it is started (`start`), what it declared
        when the search was made (`description`), and whether `steps` is a limit that was asked for
        (`limited`) or only what a run of it made.
    """

    id: int
    name: str
    task: str
    space: dict[str, Any]
    strategy: Strategy
    trials: int
    steps: int
    parallel: int
    seed: int
    created_at: str
    stop_early: str | None = None
    from_checkpoint: int | None = None
    keep: int = KEEP
    widen: float = WIDEN
    rounds: int = ROUNDS
    points: dict[str, int] = field(default_factory=dict)
    parent_id: int | None = None
    clipped: list[str] = field(default_factory=list)
    # What makes a trial the best one: as of `RunSpec`.
    objective: str | None = field(default=None, metadata=ADDED)
    mode: Mode | None = field(default=None, metadata=ADDED)
    script: dict[str, Any] | None = field(default=None, metadata=ADDED)
    note: str = ""
    actor: str = "owner"
    format: int = 1

    @property
    def ranking(self) -> Objective:
        """What decides which trial is the best."""
        return Objective.of(self.objective, self.mode)
