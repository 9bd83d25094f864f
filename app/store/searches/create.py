"""New searches: checked, written down, and refined from earlier ones."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from babysit.protocol.hyperparameters import Declared, InvalidValue
from babysit.protocol.validation import check_fork, check_start
from babysit.protocol.values import Values

from ...errors import Invalid, NotAllowed
from ...limits import NAME_CHARACTERS_MAX, STEPS_MAX
from ...search.coarse_to_fine import KEEP, ROUNDS, WIDEN, edges, shrink_around
from ...search.samplers import Plan, Strategy, sample, total
from ...search.space import Space, check_points, parse_space
from ..journals.search_records import SearchRecordSpec, SearchStatusChanged
from ..runs.checkpoints import find_checkpoint
from ..runs.create import last_step, values_of
from ..runs.runs import find_run
from ..store import Transaction
from ..tables.searches import SearchRow
from .projection import emit_search, search_row
from .searches import next_search_id
from .trials import best_of, trials_of

SEED_MAX = 2**31  # of those that we draw
TRIED_MAX = 8  # draws that are checked before a search begins


@dataclass(frozen=True, slots=True)
class SearchTask:
    """A task: its name, its hyperparameters, and how many steps it usually takes."""

    task: str
    declared: Declared
    default_steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """What somebody asks of a new search; None takes the default.

    parallel: of the machine when None. parent_id, clipped: of a refined one.
    """

    space: Mapping[str, Any]
    strategy: Strategy
    trials: int
    parallel: int
    steps: int | None = None
    seed: int | None = None
    stop_early: str | None = None
    from_checkpoint: int | None = None
    name: str | None = None
    note: str = ""
    keep: int = KEEP
    widen: float = WIDEN
    rounds: int = ROUNDS
    points: Mapping[str, int] = field(default_factory=dict)
    parent_id: int | None = None
    clipped: tuple[str, ...] = ()
    actor: str = "owner"


def planned(
    declared: Declared, request: SearchRequest, seed: int, *, is_preview: bool = False
) -> Plan:
    """What is to be drawn.

    is_preview: a grid that is too large is only looked at.

    Raises:
        Invalid: the space is none of this task, or a grid has more cells than trials are allowed.
    """
    try:
        space = parse_space(declared, request.space)
    except InvalidValue as error:
        raise invalid(error, "space") from error
    try:
        points = check_points(space, request.points)
    except InvalidValue as error:
        raise invalid(error, "points") from error
    plan = Plan(
        strategy=request.strategy,
        space=space,
        trials=request.trials,
        seed=seed,
        parallel=request.parallel,
        keep=request.keep,
        widen=request.widen,
        rounds=request.rounds,
        points=points,
    )
    cells = space.grid_cells(points) if plan.strategy == "grid" else 0
    if cells > plan.trials and not is_preview:
        raise Invalid(
            f"This grid has {cells:,} cells, more than {plan.trials:,} trials. Allow so many "
            f"trials, or give it fewer points.",
            field="trials",
            allowed=[cells],
        )
    return plan


def start_search(
    tx: Transaction, known: SearchTask, runs_dir: Path, request: SearchRequest
) -> SearchRow:
    """A new search, queued.

    Raises:
        NotFound: there is no such checkpoint.
        NotAllowedNow: the checkpoint cannot be used.
        Invalid: a value is wrong.
        OSError: the disk is full or broken.
    """
    seed = secrets.randbelow(SEED_MAX) if request.seed is None else request.seed
    plan = planned(known.declared, request, seed)
    steps = request.steps or min(known.default_steps, STEPS_MAX)
    current: Values | None = None
    if request.from_checkpoint is not None:
        current, steps = _from_checkpoint(tx, known, runs_dir, request)
    _check_draws(known.declared, plan, current)
    search_id = next_search_id(tx)
    if request.name is not None and not request.name.strip():
        raise Invalid("A name needs at least one character.", field="name")
    spec = SearchRecordSpec(
        id=search_id,
        name=request.name or f"{known.task}-search-{search_id}",
        task=known.task,
        space=plan.space.to_json(),
        strategy=request.strategy,
        trials=total(plan),
        steps=steps,
        parallel=request.parallel,
        seed=seed,
        stop_early=request.stop_early,
        from_checkpoint=request.from_checkpoint,
        keep=request.keep,
        widen=request.widen,
        rounds=request.rounds,
        points=dict(plan.points),
        parent_id=request.parent_id,
        clipped=list(request.clipped),
        note=request.note,
        actor=request.actor,
    )
    tx.made.append(tx.searches.directory(search_id))
    tx.searches.write_search_spec(spec)
    row = search_row(spec)
    tx.session.add(row)
    tx.session.flush()
    emit_search(tx, row, SearchStatusChanged(status="queued"))
    return row


def plan_of(row: SearchRow, declared: Declared) -> Plan:
    """What an earlier search is to draw.

    Raises:
        InvalidValue: its task declares other hyperparameters now.
    """
    return Plan(
        strategy=row.strategy,  # type: ignore[arg-type]  # it was checked when it was asked
        space=parse_space(declared, row.space),
        trials=row.trials,
        seed=row.seed,
        parallel=row.parallel,
        keep=row.keep,
        widen=row.widen,
        rounds=row.rounds,
        points=row.points,
    )


def refined(
    tx: Transaction,
    row: SearchRow,
    declared: Declared,
    request: SearchRequest,
    *,
    widen_edges: bool,
) -> SearchRequest:
    """The same around the best trials of a search: `request` with the new space, and what it met.

    Raises:
        NotAllowedNow: no trial counts yet.
        Invalid: its task declares other hyperparameters now.
    """
    best = best_of(trials_of(tx.session, [row.id])[row.id], request.keep)
    if not best:
        raise NotAllowed(
            "No trial has finished yet, so there is no range to refine.", state=row.status
        )
    try:
        space = parse_space(declared, row.space)
    except InvalidValue as error:
        raise invalid(error, "space") from error
    values = [trial.row.values for trial in best]
    beyond = edges(space, values[0]) if widen_edges else []
    bounds, clipped = shrink_around(space, values, request.widen, beyond=beyond)
    return replace(request, space=bounds.to_json(), clipped=tuple(clipped), parent_id=row.id)


def name_of_refined(row: SearchRow) -> str:
    return f"{row.name[: NAME_CHARACTERS_MAX - 16]}, refined"


def spaces_of(rows: list[SearchRow], declared: Mapping[str, Declared]) -> dict[int, Space]:
    """The spaces of searches, as far as their tasks are known."""
    found = {}
    for row in rows:
        if row.task in declared:
            try:
                found[row.id] = parse_space(declared[row.task], row.space)
            except InvalidValue:
                continue  # the task has changed: nobody can tell what an edge is
    return found


def _from_checkpoint(
    tx: Transaction, known: SearchTask, runs_dir: Path, request: SearchRequest
) -> tuple[Values, int]:
    """The values in the checkpoint that all trials go on from, and their last step."""
    checkpoint = find_checkpoint(tx.session, request.from_checkpoint or 0)
    parent = find_run(tx.session, checkpoint.run_id)
    if parent.task != known.task:
        raise Invalid(f"This checkpoint is of the task {parent.task}.", field="from_checkpoint")
    steps = last_step(parent, checkpoint, request.steps, known.default_steps)
    return values_of(runs_dir, checkpoint, parent), steps


def _check_draws(declared: Declared, plan: Plan, current: Values | None) -> None:
    """See that runs can be made of the first draws; from a checkpoint not all can change.

    Raises:
        Invalid: a value has no effect, or some do not go together.
    """
    for number in range(1, min(total(plan), TRIED_MAX) + 1):
        sampled = sample(plan, number, [])
        if sampled is None:
            return  # it depends on results
        try:
            if current is None:
                check_start(declared, sampled.values)
            else:
                check_fork(declared, current, sampled.values)
        except InvalidValue as error:
            raise invalid(error, "space") from error


def invalid(error: InvalidValue, field: str) -> Invalid:
    """What is wrong with a row of a space, as it is told outside."""
    where = f"{field}.{error.name}" if error.name else field
    return Invalid(error.message, field=where, allowed=error.allowed)
