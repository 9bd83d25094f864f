"""Exports of a run as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from babysit.protocol.recipes.plain_yaml import write_recipe

from ...errors import Invalid
from ...store.curves.chunks import Curve
from ...store.curves.curves import lineage, read_attempts, read_curves, series_names
from ...store.curves.downsample import floats_to_json
from ...store.events import read_events, with_corrections
from ...store.runs.checkpoints import list_checkpoints
from ...store.runs.replay.recipes import make_recipe
from ...store.runs.runs import find_run, read_run
from ...store.tables.runs import RunRow
from ..deps import AppState, AppStateDep, PathId
from ..reports.html import report
from ..reports.markdown import markdown_report

router = APIRouter(prefix="/api/runs/{run_id}/export", tags=["export"])

EVENTS_MAX = 1_000_000
ROWS_AT_ONCE = 10_000


class Format(StrEnum):
    CSV = "csv"
    PARQUET = "parquet"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    RECIPE = "recipe"


@router.get("", response_class=Response)
def export(run_id: PathId, format: Format, state: AppStateDep) -> Response:
    """Export a run as a file.

    csv, parquet: one row for each value (step, series, value, run_id, attempt).
    json: everything that is recorded. markdown: a report of its events.
    html: the curves with all changes marked, in one file.
    recipe: what is needed to repeat the run and to compare the result.
    """
    with state.store.reading() as session:
        find_run(session, run_id)
        match format:
            case Format.CSV:
                rows = _values(session, run_id)
                return _file(_csv(rows), run_id, "csv", "text/csv; charset=utf-8")
            case Format.PARQUET:
                data = _parquet(_values(session, run_id))
                return _file(iter([data]), run_id, "parquet", "application/vnd.apache.parquet")
            case Format.JSON:
                text = json.dumps(_everything(state, session, run_id), indent=1, allow_nan=False)
                return _file(iter([text.encode()]), run_id, "json", "application/json")
            case Format.MARKDOWN:
                document = markdown_report(
                    read_run(session, run_id),
                    with_corrections(read_events(session, [run_id], limit=EVENTS_MAX)),
                    list_checkpoints(session, state.store.runs_dir, find_run(session, run_id)),
                )
                return _file(
                    iter([document.encode()]), run_id, "md", "text/markdown; charset=utf-8"
                )
            case Format.HTML:
                page = report(
                    read_run(session, run_id),
                    with_corrections(read_events(session, [run_id], limit=EVENTS_MAX)),
                    _curves(session, find_run(session, run_id)),
                )
                return _file(iter([page.encode()]), run_id, "html", "text/html; charset=utf-8")
            case Format.RECIPE:
                text = write_recipe(make_recipe(session, state.store.runs_dir, run_id))
                return _file(iter([text.encode()]), f"{run_id}-recipe", "yaml", "application/yaml")


def _file(content: Iterator[bytes], run: int | str, ending: str, media_type: str) -> Response:
    name = f"run-{run}.{ending}"
    return StreamingResponse(
        content,
        media_type=media_type,
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


Values = list[tuple[str, int, Curve]]  # series, attempt, values


def _values(session: Session, run_id: int) -> tuple[int, Values]:
    """Every value of every attempt, also those that a later attempt replaced."""
    recorded = read_attempts(session, run_id, series_names(session, [run_id]))
    return run_id, [
        (series, attempt, curve)
        for series, attempts in sorted(recorded.items())
        for attempt, curve in sorted(attempts.items())
    ]


def _csv(values: tuple[int, Values]) -> Iterator[bytes]:
    run_id, curves = values
    yield b"step,series,value,run_id,attempt\r\n"
    for series, attempt, curve in curves:
        name = inert(series)
        for start in range(0, len(curve), ROWS_AT_ONCE):
            text = io.StringIO()
            steps = curve.steps[start : start + ROWS_AT_ONCE].tolist()
            numbers = floats_to_json(curve.values[start : start + ROWS_AT_ONCE])
            csv.writer(text).writerows(
                (step, name, number, run_id, attempt)
                for step, number in zip(steps, numbers, strict=True)
            )
            yield text.getvalue().encode()


def inert(text: str) -> str:
    """Text that no spreadsheet evaluates as a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _parquet(values: tuple[int, Values]) -> bytes:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise Invalid(
            "Parquet needs the package pyarrow, which is not installed: "
            "pip install 'babysit[export]'.",
            field="format",
            allowed=["csv", "json", "markdown", "html", "recipe"],
        ) from None
    run_id, curves = values
    columns: dict[str, list[Any]] = {name: [] for name in ("step", "series", "value", "attempt")}
    for series, attempt, curve in curves:
        columns["step"] += curve.steps.tolist()
        columns["series"] += [series] * len(curve)
        columns["value"] += curve.values.tolist()
        columns["attempt"] += [attempt] * len(curve)
    columns["run_id"] = [run_id] * len(columns["step"])
    output = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), output)
    return output.getvalue()


def _everything(state: AppState, session: Session, run_id: int) -> dict[str, Any]:
    run = find_run(session, run_id)
    return {
        "run": read_run(session, run_id),
        "events": read_events(session, [run_id], limit=EVENTS_MAX),
        "curves": {
            name: {"step": curve.steps.tolist(), "value": floats_to_json(curve.values)}
            for name, curve in _curves(session, run).items()
        },
        "checkpoints": list_checkpoints(session, state.store.runs_dir, run),
    }


def _curves(session: Session, run: RunRow) -> dict[str, Curve]:
    """The curves of the run, with its attempts concatenated."""
    names = series_names(session, [run.id])
    return dict(read_curves(session, lineage(session, run, family=False), names))
