"""Searches and trials as the JSON of the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from babysit.protocol.spec.run_spec import ScriptSpec
from babysit.protocol.spec.script_files import script_id
from babysit.storage.journal import to_jsonable

from ...search.coarse_to_fine import edges
from ...search.space import Space
from ..journals.search_records import ALLOWED
from ..runs.declared import shown_script
from ..tables.searches import RoundRow, SearchRow
from .projection import SPEC_COLUMNS
from .trials import OUTCOMES, Trial, best_of, repeats_json, trials_of

# Outside, `trials` and `rounds` are the lists of what was made; the wanted rounds are not shown.
SPEC_KEYS = {"trials": "trials_wanted"}


def search_list(
    session: Session, rows: Sequence[SearchRow], *, spaces: dict[int, Space], trials: bool
) -> list[dict[str, Any]]:
    """Searches as JSON, in the same order.

    spaces: of the searches whose task is described, to tell which values lie at an edge.
    trials: include the list of trials.
    """
    ids = [row.id for row in rows]
    query = select(RoundRow).where(RoundRow.search_id.in_(ids)).order_by(RoundRow.round)
    rounds: dict[int, list[RoundRow]] = {}
    for round_ in session.scalars(query):
        rounds.setdefault(round_.search_id, []).append(round_)
    trials_by_search = trials_of(session, ids)
    answers = []
    for row in rows:
        answer = _search_json(
            row, rounds.get(row.id, []), trials_by_search[row.id], spaces.get(row.id)
        )
        if trials:
            answer["trials"] = [_trial_json(row, trial) for trial in trials_by_search[row.id]]
        answers.append(answer)
    return answers


def _search_json(
    row: SearchRow, rounds: Sequence[RoundRow], trials: Sequence[Trial], space: Space | None
) -> dict[str, Any]:
    counts = dict.fromkeys(OUTCOMES, 0)
    for trial in trials:
        counts[trial.outcome] += 1
    best = next(iter(best_of(trials, 1)), None)
    return {
        **{SPEC_KEYS.get(name, name): getattr(row, name) for name in SPEC_COLUMNS},
        "script": _script_json(row.script),
        "status": row.status,
        "reason": row.reason,
        "ended_at": row.ended_at,
        "allowed": list(ALLOWED[row.status]),
        "best_run_id": best.row.run_id if best else None,
        "best_val_cost": best.val_cost if best else None,
        "best_objective_value": best.value if best else None,
        "best_is_at_edge": _edges_json(space, best) if space and best else [],
        "counts": counts,
        "rounds": [
            {"round": round_.round, "space": round_.space, "kept": round_.kept} for round_ in rounds
        ],
        "repeats": repeats_json(trials),
    }


def _script_json(script: dict[str, Any] | None) -> dict[str, Any] | None:
    if script is None:
        return None
    start = shown_script(script["start"]) or {}
    start |= {"id": script_id(ScriptSpec(**script["start"]))}
    return {**start, "described": script["description"], "limited": script["limited"]}


def _edges_json(space: Space, best: Trial) -> list[dict[str, Any]]:
    return [
        {
            "name": edge.name,
            "side": edge.side,
            "value": edge.value,
            "can_widen": edge.can_widen,
        }
        for edge in edges(space, best.row.values)
    ]


def _trial_json(search: SearchRow, trial: Trial) -> dict[str, Any]:
    row = trial.row
    return {
        "number": row.number,
        "run_id": row.run_id,
        "round": row.round,
        "status": "queued" if trial.status is None else trial.status.value,
        "outcome": trial.outcome,
        "fits": trial.is_valid_result,
        "val_cost": to_jsonable(trial.val_cost),
        "objective_value": to_jsonable(trial.value),
        "step": trial.step,
        "steps": search.steps if trial.steps is None else trial.steps,
        "seed": row.seed,
        "values": row.values,
        "repeat_of": row.repeat_of,
    }
