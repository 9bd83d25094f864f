"""The trials of searches: the outcome of each, and which of them count."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from statistics import fmean, stdev
from typing import Any, Literal, TypeAlias, get_args

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from babysit.protocol.objective import VAL_COST, Objective
from babysit.protocol.serialization import fields_of
from babysit.protocol.status import RunStatus
from babysit.protocol.values import Values
from babysit.storage.journal import parse_float

from ...search.samplers import CompletedTrial
from ..journals.search_records import TrialSampled
from ..tables.runs import CommandRow, EventRow, RunRow
from ..tables.searches import SearchRow, TrialRow

Outcome: TypeAlias = Literal[
    "waiting",
    "running",
    "finished",
    "failed",
    "diverged",
    "stopped",
    "stopped_early",
    "hand_steered",
]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
STEERS = ("set", "extend", "cancel")  # commands after which a trial differs from its sample


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """A row of `trials`, to be read without the database."""

    search_id: int
    number: int
    round: int
    run_id: int
    values: Values
    seed: int
    repeat_of: int | None
    ended: str | None = None

    @property
    def place(self) -> dict[str, int]:
        """As its `run.json` names it."""
        return {"id": self.search_id, "number": self.number, "round": self.round}


def trial_columns(search_id: int, event: TrialSampled) -> dict[str, Any]:
    """What a record of a search's journal says of a trial, by the names of the columns."""
    return {
        "search_id": search_id,
        **{name: value for name, value in fields_of(event).items() if name != "at"},
    }


COLUMNS = tuple(getattr(TrialRow, item.name) for item in fields(TrialRecord))
OF_SEARCH = (SearchRow.objective, SearchRow.mode)
OF_RUN = (RunRow.status, RunRow.reason, RunRow.step, RunRow.steps, RunRow.latest)
# Built once: building a query takes longer than running it, and these are asked at each end.
OF_SEARCHES = (
    select(*COLUMNS, *OF_RUN, *OF_SEARCH)
    .join(SearchRow, SearchRow.id == TrialRow.search_id)
    .outerjoin(RunRow, RunRow.id == TrialRow.run_id)
    .where(TrialRow.search_id.in_(bindparam("search_ids", expanding=True)))
    .order_by(TrialRow.search_id, TrialRow.number)
)
STEERED = (
    select(CommandRow.run_id, CommandRow.id)
    .join(RunRow, RunRow.id == CommandRow.run_id)
    .where(
        RunRow.search_id.in_(bindparam("search_ids", expanding=True)),
        CommandRow.kind.in_(STEERS),
        CommandRow.status == "applied",
    )
)


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial, and its run as it is now.

    status: None while its run is still to be made.
    val_cost: the newest that was recorded, not finite when it diverged; None before the first.
    value: the same of the search's objective.
    steered: a user changed it while it ran.
    """

    row: TrialRecord
    status: RunStatus | None
    reason: str | None
    step: int
    steps: int | None
    val_cost: float | None
    value: float | None
    objective: Objective
    steered: bool

    @property
    def is_over(self) -> bool:
        return self.status is not None and self.status.is_over

    @property
    def occupies_slot(self) -> bool:
        return self.status in (RunStatus.STARTING, RunStatus.RUNNING)

    @property
    def waits(self) -> bool:
        return self.status in (None, RunStatus.QUEUED)

    @property
    def outcome(self) -> Outcome:
        diverged = self.val_cost is not None and not math.isfinite(self.val_cost)
        if self.row.ended == "diverged" or (self.status is RunStatus.FINISHED and diverged):
            return "diverged"
        if self.status in (RunStatus.FAILED, RunStatus.LOST):
            return "failed"
        if self.steered:
            return "hand_steered"
        if self.row.ended == "stopped_early":
            return "stopped_early"
        if self.status is RunStatus.STOPPED:
            return "stopped"
        if self.status is RunStatus.FINISHED:
            return "finished"
        return "waiting" if self.waits else "running"

    @property
    def is_valid_result(self) -> bool:
        """Whether it says something about its values: not a repetition, and undisturbed."""
        return self.has_final_value and self.row.repeat_of is None

    @property
    def has_final_value(self) -> bool:
        """Whether it is a number: one that is none says nothing of how good the trial was."""
        is_number = self.value is not None and math.isfinite(self.value)
        return self.outcome == "finished" and is_number

    def completed(self) -> CompletedTrial:
        """What a strategy may know of it, once it is over."""
        loss = self.objective.loss(self.value or 0.0) if self.is_valid_result else None
        return CompletedTrial(self.row.number, self.row.round, self.row.values, loss)


def new_trial(row: TrialRecord, run: RunRow) -> Trial:
    """A trial whose run was made a moment ago."""
    return Trial(
        row, run.status, run.reason, run.step, run.steps, None, None, run.ranking, steered=False
    )


def trials_of(session: Session, search_ids: Collection[int]) -> dict[int, list[Trial]]:
    """All trials of some searches, in the order drawn."""
    steered = _steered(session, search_ids)
    found: dict[int, list[Trial]] = {search_id: [] for search_id in search_ids}
    for place in session.execute(OF_SEARCHES, {"search_ids": list(search_ids)}):
        row = TrialRecord(*place[: len(COLUMNS)])
        status, reason, step, steps, latest, name, mode = place[len(COLUMNS) :]
        trial = Trial(
            row=row,
            status=status,
            reason=reason,
            step=step or 0,
            steps=steps,
            val_cost=_newest(latest, VAL_COST),
            value=_newest(latest, name),
            objective=Objective(name, mode),
            steered=row.run_id in steered,
        )
        found[row.search_id].append(trial)
    return found


def _newest(latest: Mapping[str, Any] | None, series: str) -> float | None:
    value = (latest or {}).get(series)
    return None if value is None else parse_float(value)


def _steered(session: Session, search_ids: Collection[int]) -> set[int]:
    """Trials that a user changed while they ran. A change inherited by a fork does not count."""
    found = session.execute(STEERED, {"search_ids": list(search_ids)})
    changed = {(run_id, command_id) for run_id, command_id in found}
    if not changed:
        return set()
    spec = select(EventRow.run_id, EventRow.body).where(
        EventRow.run_id.in_({run_id for run_id, _ in changed}), EventRow.kind == "command_sent"
    )
    return {
        run_id for run_id, body in session.execute(spec) if (run_id, body["command_id"]) in changed
    }


def best_of(trials: Sequence[Trial], keep: int) -> list[Trial]:
    """Those with the best final value of the objective among the ones that count, best first."""
    count = [(trial.value, trial.row.number, trial) for trial in trials if trial.is_valid_result]
    return trials[0].objective.ranked(count)[:keep] if trials else []


def repeats_json(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """Of each repeated run: what its finished repetitions came to; mean and deviation are those of
    the objective.
    """
    repeated = dict.fromkeys(t.row.repeat_of for t in trials if t.row.repeat_of is not None)
    found = []
    for run_id in repeated:
        again = [t for t in trials if t.row.repeat_of == run_id and t.has_final_value]
        values = [trial.value for trial in again if trial.value is not None]
        found.append(
            {
                "run_id": run_id,
                "val_costs": [t.val_cost for t in again if t.val_cost is not None],
                "objective_values": values,
                "mean": fmean(values) if values else None,
                "spread": stdev(values) if len(values) > 1 else None,
            }
        )
    return found
