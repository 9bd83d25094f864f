"""Samples the trials of searches, prunes them, and ends a search after its last trial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Literal

from babysit.protocol.commands import Stop as StopRun
from babysit.protocol.hyperparameters import InvalidValue
from babysit.protocol.status import RunStatus

from ..search.pruners import IntermediateValues, should_prune
from ..search.samplers import Plan, Sample, sample
from ..store.committed import Committed
from ..store.curves.trials import curves_of_trials
from ..store.journals.search_records import SearchStatusChanged, TrialEnded
from ..store.runs.checkpoints import find_checkpoint
from ..store.runs.scripts import task_of_script
from ..store.searches.create import plan_of
from ..store.searches.projection import emit_search, replay_from_journal
from ..store.searches.sample import make_trials, sample_repeat, sample_trials
from ..store.searches.searches import (
    active_searches,
    ask_trial,
    find_search,
    is_left_paused,
    resume_trial,
)
from ..store.searches.trials import Trial, new_trial, trials_of
from ..store.store import Store
from ..store.tables.searches import SearchRow
from ..task_catalog import TaskCatalog, TaskInfo
from .background_loop import BackgroundLoop

LOOK_EVERY_S = 1.0  # a change of a trial's status wakes the loop at once
IDLE_S = 30.0  # a new search or a command wakes the loop at once
COALESCE_S = 0.02  # changes within it are handled together
COALESCE_BATCHED_S = 0.4  # the same while enough sampled trials wait for a free slot
AHEAD_MIN = 4  # trials that wait, at least; with more slots as many as those


class SearchRunner:
    """Looks after all searches, in one thread; `trial_is_queued` wakes the launcher."""

    def __init__(
        self, store: Store, catalog: TaskCatalog, trial_is_queued: Callable[[], None]
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._trial_is_queued = trial_is_queued
        self._plans: dict[int, Plan] = {}
        self._watched: dict[int, frozenset[int]] = {}  # runs that may be pruned
        self._coalesce_s = 0.0
        self.loop = BackgroundLoop("searches", self._look_after_all)

    def start(self) -> None:
        self.loop.start()

    def wake(self) -> None:
        """A search got a command, or the status of a trial has changed."""
        self.loop.wake()

    def close(self) -> None:
        self.loop.close()

    def on_commit(self, committed: Committed) -> None:
        """Begin a turn when a commit has changed the status of a trial."""
        moved = {
            event["status"]
            for event in committed.events
            if event["kind"] == "status_changed"
            and (committed.runs.get(event["run_id"]) or {}).get("search")
        }
        watched = frozenset().union(*list(self._watched.values()))
        if moved or not watched.isdisjoint(run_id for run_id, _ in committed.points):
            self.loop.wake()

    def may_be_pruned(self, run_id: int) -> bool:
        """Whether the run is a trial that may be pruned."""
        return any(run_id in run_ids for run_ids in list(self._watched.values()))

    def _look_after_all(self) -> float:
        self.loop.pause(self._coalesce_s)  # changes within it are handled together
        with self._store.reading() as session:
            search_ids = active_searches(session)
        coalesce_s = COALESCE_BATCHED_S if search_ids else 0.0
        for search_id in search_ids:
            look_after = partial(self._look_after, search_id)
            wait_s = self.loop.attempt(f"search {search_id}", look_after, COALESCE_BATCHED_S)
            coalesce_s = min(coalesce_s, wait_s)
        self._coalesce_s = coalesce_s
        return LOOK_EVERY_S if search_ids else IDLE_S

    def _look_after(self, search_id: int) -> float:
        """Do what one search needs now.

        Returns:
            Seconds that the next turn may wait although something has changed.
        """
        row, trials = self._look(search_id)
        self._resume_left_paused(row, trials)
        task = self._catalog.get(row.task) if row.script is None else task_of_script(row.script)
        if task is None or task.error is not None:
            return COALESCE_BATCHED_S  # the task is not described yet, or its file has an error
        plan = self._plan(row, task)
        if plan is None:
            return COALESCE_BATCHED_S
        self._end_diverged(search_id, trials)
        if row.stop_early is not None:
            self._stop_early(row, trials)
        while not self.loop.is_closing and self._draw_more(row, trials, plan, task):
            self._trial_is_queued()
        self._note_status(row, trials)
        if row.stop_early is not None:
            return COALESCE_S
        waiting = sum(trial.waits for trial in trials)
        return max(COALESCE_S, min(1.0, waiting / _queue_target(row)) * COALESCE_BATCHED_S)

    def _look(self, search_id: int) -> tuple[SearchRow, list[Trial]]:
        """A search and its trials, detached from the database session."""
        with self._store.reading() as session:
            row, trials = (
                find_search(session, search_id),
                trials_of(session, [search_id])[search_id],
            )
            session.expunge_all()
        return row, trials

    def _plan(self, row: SearchRow, task: TaskInfo) -> Plan | None:
        if row.id not in self._plans:
            try:
                self._plans[row.id] = plan_of(row, task.declared)
            except InvalidValue as error:
                with self._store.writing() as tx:
                    current = find_search(tx.session, row.id)
                    reason = f"The task has changed: {error.message}"
                    emit_search(tx, current, SearchStatusChanged(status="stopped", reason=reason))
                return None
        return self._plans[row.id]

    # -- sampling

    def _draw_more(self, row: SearchRow, trials: list[Trial], plan: Plan, task: TaskInfo) -> bool:
        """Make further trials in one transaction, if some are wanted and can be drawn by now.

        trials: the new ones are added. True: there may be more to do.
        """
        lost = [place for place, trial in enumerate(trials) if trial.status is None]
        count = len(lost) or _count_wanted(row, trials)
        planned = [trial for trial in trials if trial.row.repeat_of is None]
        left = 0 if lost or row.closed else min(count, row.trials - len(planned))
        draws = _drawn_next(plan, planned, left)
        if count == 0 or len(draws) < min(left, 1):
            return False  # none is needed, or the sampler waits for results
        with self._store.writing() as tx:
            now = find_search(tx.session, row.id)
            if replay_from_journal(tx, now) or now.journal_seq != row.journal_seq:
                self.loop.wake()  # the search has changed meanwhile, or a commit failed
                return False
            sampled = [trials[place].row for place in lost]
            if draws:
                sampled += sample_trials(tx, now, draws, plan, trials)
            elif not lost:
                asked = now.seeds_asked[len(trials) - len(planned)]
                sampled = [sample_repeat(tx, now, trials, asked)]
            runs = make_trials(tx, self._store.runs_dir, now, sampled, task)
            made = [new_trial(*pair) for pair in zip(sampled, runs, strict=True)]
            for place, trial in zip(lost, made, strict=False):
                trials[place] = trial
            trials += made[len(lost) :]
            row.journal_seq = now.journal_seq
        return True

    # -- ends

    def _resume_left_paused(self, row: SearchRow, trials: list[Trial]) -> None:
        left = [trial for trial in trials if is_left_paused(row, trial)]
        if not left:
            return
        with self._store.writing() as tx:
            if find_search(tx.session, row.id).status == row.status:
                for trial in left:
                    resume_trial(tx, trial)

    def _end_diverged(self, search_id: int, trials: list[Trial]) -> None:
        """End the trials that the guard has paused; a search does not wait for a decision."""
        for trial in trials:
            if _is_caught(trial):
                self._end(search_id, trial, _ended(trial, "diverged", "guard"))

    def _stop_early(self, row: SearchRow, trials: list[Trial]) -> None:
        """Prune the trials that are too far behind the others at their last rung."""
        trials = [trial for trial in trials if not trial.steered and trial.row.repeat_of is None]
        running = [t.row.run_id for t in trials if t.status is RunStatus.RUNNING]
        self._watched[row.id] = frozenset(running)
        if not running:
            return
        with self._store.reading() as session:
            recorded = curves_of_trials(session, row.id, row.objective)
        first = self._first_step(row)
        curves = {
            run_id: IntermediateValues(
                (curve.steps - first).tolist(),
                [row.ranking.loss(value) for value in curve.values.tolist()],
            )
            for run_id, curve in recorded.items()
        }
        own = {
            t.row.run_id: replace(curves[t.row.run_id], finished=t.is_valid_result)
            for t in trials
            if t.row.run_id in curves
        }
        for trial in trials:
            run_id = trial.row.run_id
            if trial.status is not RunStatus.RUNNING or trial.row.ended or run_id not in own:
                continue
            others = [curve for other, curve in own.items() if other != run_id]
            steps = row.steps - first
            stop = should_prune(row.stop_early, steps, own[run_id], others)  # type: ignore[arg-type]
            if stop is not None:
                reason = stop.reason(row.ranking, row.stop_early or "", first)
                self._end(row.id, trial, _ended(trial, "stopped_early", reason))

    def _first_step(self, row: SearchRow) -> int:
        """The step at which all trials begin: 0, or that of their checkpoint."""
        if row.from_checkpoint is None:
            return 0
        with self._store.reading() as session:
            return find_checkpoint(session, row.from_checkpoint).step

    def _end(self, search_id: int, trial: Trial, event: TrialEnded) -> None:
        with self._store.writing() as tx:
            if trial.row.ended is None:
                emit_search(tx, find_search(tx.session, search_id), event)
            ask_trial(tx, trial, StopRun(note=event.reason))

    def _note_status(self, row: SearchRow, trials: list[Trial]) -> None:
        """A search is running when a trial is, and ends with its last trial."""
        if _status_now(row, trials) is None:
            return
        with self._store.writing() as tx:
            now = find_search(tx.session, row.id)
            follows = _status_now(now, trials)  # more trials may be needed by now
            if follows is not None:
                emit_search(tx, now, follows)
        if follows is not None and follows.status != "running":
            self._plans.pop(row.id, None)
            self._watched.pop(row.id, None)


def _count_wanted(row: SearchRow, trials: list[Trial]) -> int:
    """How many trials to sample now; several in one transaction when few are waiting."""
    waiting = sum(trial.waits for trial in trials)
    if row.status not in ("queued", "running") or waiting >= _queue_target(row):
        return 0
    most = 2 * _queue_target(row) if trials else row.parallel  # the first ones start sooner
    return min(most - waiting, _wanted(row, trials) - len(trials))


def _queue_target(row: SearchRow) -> int:
    """How many waiting trials are enough for the slots that become free until the next turn."""
    return max(AHEAD_MIN, row.parallel)


def _drawn_next(plan: Plan, planned: list[Trial], count: int) -> list[Sample]:
    """The next samples that do not depend on results still missing."""
    completed = [trial.completed() for trial in planned if trial.is_over] if count else []
    draws: list[Sample] = []
    while len(draws) < count:
        drawn = sample(plan, len(planned) + len(draws) + 1, completed)
        if drawn is None or (draws and drawn.round != draws[0].round):
            break
        draws.append(drawn)
    return draws


def _wanted(row: SearchRow, trials: list[Trial]) -> int:
    planned = sum(trial.row.repeat_of is None for trial in trials) if row.closed else row.trials
    return planned + len(row.seeds_asked)


def _status_now(row: SearchRow, trials: list[Trial]) -> SearchStatusChanged | None:
    if row.status == "queued" and any(not trial.waits for trial in trials):
        return SearchStatusChanged(status="running")
    is_done = len(trials) >= _wanted(row, trials) and all(trial.is_over for trial in trials)
    if row.status == "running" and is_done:
        return SearchStatusChanged(status="stopped" if row.closed else "finished", reason=None)
    return None


def _is_caught(trial: Trial) -> bool:
    return trial.status is RunStatus.PAUSED and trial.reason == "guard"


def _ended(trial: Trial, outcome: Literal["diverged", "stopped_early"], reason: str) -> TrialEnded:
    return TrialEnded(number=trial.row.number, outcome=outcome, step=trial.step, reason=reason)
