"""Response models of searches."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from babysit.protocol.hyperparameters import Scale
from babysit.protocol.objective import Mode
from babysit.protocol.status import RunStatus

from ...search.spec import Strategy
from ...store.journals.search_records import SearchCommand, SearchStatus
from ...store.searches.trials import Outcome
from ...task_description import Number, ValuesOut
from .scripts import SearchedScript

ValueOut = float | int | bool | str


class SpacePart(BaseModel):
    """A range with its scale, a list of values, or one fixed value."""

    scale: Scale | None = None
    low: float | None = None
    high: float | None = None
    values: list[ValueOut] | None = None
    fixed: ValueOut | None = None
    when: dict[str, list[ValueOut]] | None = None


class Edge(BaseModel):
    """The best value is at an end of its range. can_widen: the range can be extended there."""

    name: str
    side: Literal["low", "high"]
    value: ValueOut
    can_widen: bool


class Counts(BaseModel):
    waiting: int
    running: int
    finished: int
    failed: int
    diverged: int
    stopped: int
    stopped_early: int
    hand_steered: int


class Round(BaseModel):
    """kept: the runs that the space of this round was built around, best first."""

    round: int
    space: dict[str, SpacePart]
    kept: list[int]


class Repeat(BaseModel):
    """Finished repetitions of a run with other seeds, without the run itself.

    mean, spread: of the objective's values; the spread is their standard deviation, None for fewer
    than two.
    """

    run_id: int
    val_costs: list[float]
    objective_values: list[float]
    mean: float | None
    spread: float | None


class Trial(BaseModel):
    """A run as a trial.

    fits: it finished as sampled, so it counts for the best trial, the next round and the models.
    Repetitions do not count. val_cost, objective_value: the latest values, the final ones when the
    trial is over.
    """

    number: int
    run_id: int
    round: int
    status: RunStatus
    outcome: Outcome
    fits: bool
    val_cost: Number | None
    objective_value: Number | None
    step: int
    steps: int
    seed: int
    values: ValuesOut
    repeat_of: int | None


class SearchSummary(BaseModel):
    """A search without its trials. trials_wanted: the number of trials, without repetitions."""

    id: int
    name: str
    note: str
    actor: str
    task: str
    status: SearchStatus
    reason: str | None
    strategy: Strategy
    space: dict[str, SpacePart]
    trials_wanted: int
    steps: int
    parallel: int
    seed: int
    stop_early: Literal["median", "successive_halving"] | None
    from_checkpoint: int | None
    keep: int
    widen: float
    points: dict[str, int]
    parent_id: int | None
    clipped: list[str]
    objective: str  # the series that decides what is best
    mode: Mode
    script: SearchedScript | None = None
    created_at: str
    ended_at: str | None
    allowed: list[SearchCommand]
    best_run_id: int | None
    best_val_cost: float | None
    best_objective_value: float | None
    best_is_at_edge: list[Edge]
    counts: Counts
    rounds: list[Round]
    repeats: list[Repeat]


class Search(SearchSummary):
    trials: list[Trial]


class Searches(BaseModel):
    searches: list[SearchSummary]
    next: int | None  # pass it as `before` for the next page


class SearchCommandDone(BaseModel):
    status: Literal["sent", "no_op"]


class RepeatAsked(BaseModel):
    status: Literal["sent"]
    seeds: list[int]


class TrialCurve(BaseModel):
    step: list[int]
    value: list[Number]


class TrialCurves(BaseModel):
    series: str
    runs: dict[str, TrialCurve]


class Importance(BaseModel):
    """The share of each hyperparameter in the differences between trials; the sum is 1."""

    importance: dict[str, float]
    trials: int
    method: str
    message: str | None


class Unwise(BaseModel):
    name: str
    message: str


class Estimate(BaseModel):
    one_run_s: float | None
    total_s: float | None
    parallel: int
    cores: int
    measured_on: str


class Advice(BaseModel):
    choose: Literal["panda", "caviar"]
    why: str


class Distinct(BaseModel):
    grid: int
    random: int


class Teaching(BaseModel):
    """A grid and random samples with equally many trials in the space of the search."""

    x: str
    y: str | None
    grid: list[tuple[float, float]]
    random: list[tuple[float, float]]
    distinct: Distinct


class Preview(BaseModel):
    draws: dict[str, list[ValueOut]]
    warnings: list[Unwise]
    grid_cells: int
    estimate: Estimate
    advice: Advice
    teaching: Teaching | None
