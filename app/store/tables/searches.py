"""The tables of searches: rows only. All of it stands in the directories of the searches."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from babysit.protocol.objective import DEFAULT, Mode, Objective

from .runs import JsonObject, PlainJson, Table


class SearchRow(Table):
    """Many runs of one task or script, whose hyperparameters are drawn from a space.

    trials: how many are drawn by the strategy. seeds_asked: (run id, seed) of repetitions, in the
    order asked. steps: the last step of each trial. clipped: where a refined space met a bound.
    closed: it was stopped, so that nothing more is drawn by the strategy.
    journal_seq: how many records of `search.journal` these tables know.
    objective, mode: what makes a trial the best one. script: as of `SearchSpec`.
    """

    __tablename__ = "searches"
    __table_args__ = (
        CheckConstraint(
            "status IN ('queued', 'running', 'paused', 'finished', 'stopped')", name="status"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    note: Mapped[str]
    actor: Mapped[str]
    task: Mapped[str]
    strategy: Mapped[str]
    space: Mapped[JsonObject]
    trials: Mapped[int]
    steps: Mapped[int]
    parallel: Mapped[int]
    seed: Mapped[int]
    stop_early: Mapped[str | None]
    from_checkpoint: Mapped[int | None]
    keep: Mapped[int]
    widen: Mapped[float]
    rounds: Mapped[int]
    points: Mapped[JsonObject]
    parent_id: Mapped[int | None]
    clipped: Mapped[list[str]]
    created_at: Mapped[str]
    status: Mapped[str] = mapped_column(default="queued")
    reason: Mapped[str | None] = mapped_column(default=None)
    ended_at: Mapped[str | None] = mapped_column(default=None)
    closed: Mapped[bool] = mapped_column(default=False)
    seeds_asked: Mapped[list[Any]] = mapped_column(PlainJson, default_factory=list)
    journal_seq: Mapped[int] = mapped_column(default=0)
    objective: Mapped[str] = mapped_column(default=DEFAULT.name)
    mode: Mapped[Mode] = mapped_column(default=DEFAULT.mode)
    script: Mapped[JsonObject | None] = mapped_column(default=None)

    @property
    def ranking(self) -> Objective:
        """What decides which of its trials is the best."""
        return Objective(self.objective, self.mode)


class RoundRow(Table):
    """A stretch of trials drawn from one box. kept: the runs that it was drawn around."""

    __tablename__ = "search_rounds"

    search_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    round: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    space: Mapped[JsonObject]
    kept: Mapped[list[Any]] = mapped_column(PlainJson)


class TrialRow(Table):
    """A point of the space that was drawn; its run is an ordinary one with this id.

    values: what was drawn, and what the space fixes. repeat_of: a run with the same values.
    ended: why the search itself ended it: `diverged` or `stopped_early`.
    """

    __tablename__ = "trials"
    __table_args__ = (Index("ix_trials_run_id", "run_id"),)

    search_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    round: Mapped[int]
    run_id: Mapped[int]
    values: Mapped[JsonObject]
    seed: Mapped[int]
    repeat_of: Mapped[int | None]
    ended: Mapped[str | None] = mapped_column(default=None)
