"""Creates searches: checks a request, stores it, and refines an earlier search."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from babysit.protocol.hyperparameters import Declared, InvalidValue
from babysit.protocol.serialization import fields_of, now
from babysit.protocol.validation import check_fork, check_start
from babysit.protocol.values import Values

from ...errors import Invalid, NotAllowed
from ...limits import INT_MAX, NAME_CHARACTERS_MAX, STEPS_MAX, TRIALS_MAX
from ...search.coarse_to_fine import edges, shrink_around
from ...search.samplers import Plan, sample, total
from ...search.space import Space, check_points, parse_space
from ...search.spec import SearchSpec
from ...task_catalog import TaskInfo
from ..journals.search_records import SearchStatusChanged
from ..journals.spec_file import SEARCH_FILE
from ..runs.checkpoints import find_checkpoint
from ..runs.create import check_values, chosen_objective, last_step, values_of
from ..runs.runs import check_name, find_run
from ..runs.scripts import is_same_script, task_of_script
from ..store import Transaction
from ..tables.searches import SearchRow
from .projection import emit_search, search_row, search_spec
from .searches import next_search_id
from .trials import best_of, trials_of

SEED_MAX = 2**31  # of seeds chosen by the server
UNKNOWN = 0  # trials: a grid's number of cells
TRIED_MAX = 8  # samples that are checked before a search starts


def draft_spec(task: TaskInfo, options: Mapping[str, Any]) -> SearchSpec:
    """The specification of a search before its space is checked; its id is 0.

    options: fields of `SearchSpec`; one that is None or missing takes its default.

    Raises:
        Invalid: the task has no such objective.
    """
    defaults = {
        "name": "",
        "trials": UNKNOWN,
        "steps": min(task.default_steps, STEPS_MAX),
        "seed": secrets.randbelow(SEED_MAX),
    }
    given = {name: value for name, value in options.items() if value is not None}
    given |= chosen_objective(task, options).fields
    script = None
    if task.script is not None:
        is_limited = options.get("steps") is not None
        script = {"start": task.script, "description": task.description, "limited": is_limited}
    decided = {"id": 0, "task": task.name, "script": script, "created_at": now()}
    return SearchSpec(**{**defaults, **given, **decided})


def planned(declared: Declared, spec: SearchSpec, *, is_preview: bool = False) -> Plan:
    """The plan of a search whose space and grid points are not checked yet.

    is_preview: a grid that is too large is allowed.

    Raises:
        Invalid: the space does not fit the task, a grid has more cells than trials are allowed, or
            the number of trials is missing.
    """
    try:
        space = parse_space(declared, spec.space)
    except InvalidValue as error:
        raise invalid(error, "space") from error
    try:
        check_points(space, spec.points)
    except InvalidValue as error:
        raise invalid(error, "points") from error
    cells = space.grid_cells(spec.points) if spec.strategy == "grid" else 0
    if spec.trials == UNKNOWN:
        if spec.strategy != "grid":
            raise Invalid(
                f"Say how many trials to sample, from 1 to {TRIALS_MAX:,}. Only a grid has a "
                "number of its own.",
                field="trials",
                allowed=[1, TRIALS_MAX],
            )
        if cells > TRIALS_MAX and not is_preview:
            raise Invalid(
                f"This grid has {cells:,} cells, and a search has at most {TRIALS_MAX:,} trials. "
                "Use fewer grid points.",
                field="points",
            )
        spec = replace(spec, trials=min(cells, TRIALS_MAX))
    if cells > spec.trials and not is_preview:
        raise Invalid(
            f"This grid has {cells:,} cells, more than {spec.trials:,} trials. Allow that many "
            f"trials, or use fewer grid points.",
            field="trials",
            allowed=[cells],
        )
    return Plan(spec, space)


def start_search(
    tx: Transaction, task: TaskInfo, runs_dir: Path, options: Mapping[str, Any]
) -> SearchRow:
    """A new search, queued.

    options: fields of `SearchSpec`; one that is None or missing takes its default.

    Raises:
        NotFound: the checkpoint does not exist.
        NotAllowed: the checkpoint cannot be used.
        Invalid: a value is wrong.
        OSError: the disk is full or broken.
    """
    spec = draft_spec(task, options)
    plan = planned(task.declared, spec)
    spec = plan.spec
    current: Values | None = None
    steps = spec.steps
    if spec.from_checkpoint is not None:
        current, steps = _from_checkpoint(
            tx, task, runs_dir, spec.from_checkpoint, options.get("steps")
        )
    _check_draws(task, plan, current)
    search_id = next_search_id(tx)
    check_name(options.get("name"))
    spec = replace(
        spec,
        id=search_id,
        name=spec.name or f"{Path(task.name).stem}-search-{search_id}",
        space=plan.space.to_json(),
        trials=total(plan),
        steps=steps,
    )
    tx.made.append(tx.searches.directory(search_id))
    SEARCH_FILE.write(tx.searches.parent, spec)
    row = search_row(spec)
    tx.session.add(row)
    tx.session.flush()
    emit_search(tx, row, SearchStatusChanged(status="queued"))
    return row


def plan_of(row: SearchRow, declared: Declared) -> Plan:
    """The plan of an earlier search.

    Raises:
        InvalidValue: its task declares other hyperparameters now.
    """
    return Plan(search_spec(row), parse_space(declared, row.space))


def refined(
    tx: Transaction,
    row: SearchRow,
    declared: Declared,
    changes: Mapping[str, Any],
    *,
    widen_edges: bool,
) -> dict[str, Any]:
    """The options of a search around the best trials of another one.

    changes: fields of `SearchSpec` that differ from the other search; None changes nothing.

    Raises:
        NotAllowed: no trial counts yet.
        Invalid: its task declares other hyperparameters now.
    """
    options: dict[str, Any] = {
        **fields_of(search_spec(row)),
        "objective": row.objective,
        "mode": row.mode,
        "name": f"{row.name[: NAME_CHARACTERS_MAX - 16]}, refined",
        "note": "",
        "seed": (row.seed + 1) % INT_MAX,
        "parent_id": row.id,
        **{name: value for name, value in changes.items() if value is not None},
    }
    if row.script is not None and not row.script["limited"] and changes.get("steps") is None:
        options["steps"] = None  # as many as the script makes
    if options["strategy"] == "grid" and changes.get("trials") is None:
        options["trials"] = None  # as many as the new grid has cells
    best = best_of(trials_of(tx.session, [row.id])[row.id], options["keep"])
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
    bounds, clipped = shrink_around(space, values, options["widen"], beyond=beyond)
    return {**options, "space": bounds.to_json(), "clipped": clipped}


def spaces_of(rows: list[SearchRow], declared: Mapping[str, Declared]) -> dict[int, Space]:
    """The spaces of searches whose tasks are described and unchanged."""
    spaces = {}
    for row in rows:
        own = None if row.script is None else task_of_script(row.script).declared
        known = declared.get(row.task) if own is None else own
        if known is not None:
            try:
                spaces[row.id] = parse_space(known, row.space)
            except InvalidValue:
                continue  # the task has changed: its edges are unknown
    return spaces


def _from_checkpoint(
    tx: Transaction, task: TaskInfo, runs_dir: Path, checkpoint_id: int, steps: int | None
) -> tuple[Values, int]:
    """The values in the checkpoint that all trials continue from, and their last step."""
    checkpoint = find_checkpoint(tx.session, checkpoint_id)
    parent = find_run(tx.session, checkpoint.run_id)
    if parent.task != task.name or not is_same_script(parent.script, task.script):
        kind = "task" if parent.script is None else "script"
        raise Invalid(
            f"This checkpoint belongs to the {kind} {parent.task}.", field="from_checkpoint"
        )
    last = last_step(parent, checkpoint, steps, task.default_steps)
    return values_of(runs_dir, checkpoint, parent), last


def _check_draws(task: TaskInfo, plan: Plan, current: Values | None) -> None:
    """Check that the first samples are valid runs; from a checkpoint not every value can change.

    Raises:
        Invalid: a value has no effect, or values contradict each other.
    """
    for number in range(1, min(total(plan), TRIED_MAX) + 1):
        sampled = sample(plan, number, [])
        if sampled is None:
            return  # the sample depends on results
        try:
            if task.script is not None:
                check_values(task.declared, sampled.values)
            elif current is None:
                check_start(task.declared, sampled.values)
            else:
                check_fork(task.declared, current, sampled.values)
        except InvalidValue as error:
            raise invalid(error, "space") from error


def invalid(error: InvalidValue, field: str) -> Invalid:
    """An invalid row of a space as an error of the API."""
    where = f"{field}.{error.name}" if error.name else field
    return Invalid(error.message, field=where, allowed=error.allowed)
