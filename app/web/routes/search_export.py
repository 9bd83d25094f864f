"""Exports of a search as a file: its trials as a table, or everything that is known of it."""

from __future__ import annotations

import csv
import io
import json
from enum import StrEnum
from typing import Any

from fastapi import APIRouter, Response

from ..deps import AppStateDep, PathId
from .export import inert
from .searches import read_search

router = APIRouter(prefix="/api/searches/{search_id}/export", tags=["export"])

# Of a trial, in this order; then come its values, one column each.
COLUMNS = (
    "number",
    "run_id",
    "round",
    "status",
    "outcome",
    "fits",
    "val_cost",
    "step",
    "steps",
    "seed",
    "repeat_of",
    "objective_value",
)


class SearchFormat(StrEnum):
    CSV = "csv"
    JSON = "json"


@router.get("", response_class=Response)
def export_search(search_id: PathId, format: SearchFormat, state: AppStateDep) -> Response:
    """Export a search as a file.

    csv: one row for each trial, with its outcome, its final cost and its values; a value that only
    other trials have is empty.
    json: the search as `GET /api/searches/{id}` answers it.
    """
    with state.store.reading() as session:
        found = read_search(state, session, search_id)
    if format is SearchFormat.CSV:
        content, media_type = _csv(found["trials"]), "text/csv; charset=utf-8"
    else:
        content, media_type = json.dumps(found, indent=1, allow_nan=False), "application/json"
    name = f"search-{search_id}.{format.value}"
    return Response(
        content,
        media_type=media_type,
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _csv(trials: list[dict[str, Any]]) -> str:
    names = sorted({name for trial in trials for name in trial["values"]})
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow([*COLUMNS, *(inert(name) for name in names)])
    for trial in trials:
        cells = [trial[name] for name in COLUMNS] + [trial["values"].get(name) for name in names]
        table.writerow(inert(cell) if isinstance(cell, str) else cell for cell in cells)
    return text.getvalue()
