"""The events and curves of a run, and what its workers printed."""

from __future__ import annotations

import os
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import PlainTextResponse

from babysit.protocol.events import EVENTS
from babysit.storage.regular_file import open_regular

from ...errors import Invalid, NotFound
from ...limits import (
    EVENTS_DEFAULT,
    INT_MAX,
    LOG_BYTES_MAX,
    PAGE_MAX,
    POINTS_DEFAULT,
    POINTS_MAX,
    SERIES_MAX,
)
from ...store.curves.curves import lineage, series_names
from ...store.curves.downsample import DIGITS_MAX
from ...store.curves.drawing import draw_curves
from ...store.curves.smoothing import NEVER_SMOOTHED
from ...store.events import read_events
from ...store.runs.runs import find_run
from ..deps import AppStateDep, PathId, json_response, numbers_response
from ..schemas.responses import Curves, Events

router = APIRouter(prefix="/api/runs/{run_id}", tags=["history"])

WORKER_LOG = "worker.log"

Id = Annotated[int | None, Query(ge=0, le=INT_MAX)]


@router.get("/events", response_model=Events)
def events(
    run_id: PathId,
    state: AppStateDep,
    *,
    after: Id = None,
    before: Id = None,
    kind: Annotated[str | None, Query(max_length=1000)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = EVENTS_DEFAULT,
    order: Annotated[str, Query(pattern="^(asc|desc)$")] = "asc",
) -> Response:
    """Events of a run. `kind` takes several kinds, separated by commas."""
    kinds = [name for name in (kind or "").split(",") if name]
    if any(name not in EVENTS for name in kinds):
        raise Invalid("This kind of event is unknown.", field="kind", allowed=list(EVENTS))
    with state.store.reading() as session:
        run = find_run(session, run_id)
        rows = read_events(
            session,
            [run.id],
            after=after,
            before=before,
            kinds=kinds,
            limit=limit + 1,
            newest_first=order == "desc",
        )
    more = len(rows) > limit
    rows = rows[:limit]
    return json_response({"events": rows, "next": rows[-1]["id"] if more else None})


@router.get("/curves", response_model=Curves)
def curves(
    run_id: PathId,
    state: AppStateDep,
    *,
    series: Annotated[list[str] | None, Query(max_length=SERIES_MAX)] = None,
    from_step: Id = None,
    to_step: Id = None,
    points: Annotated[int, Query(ge=1, le=POINTS_MAX)] = POINTS_DEFAULT,
    smooth_steps: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    family: bool = False,
    digits: Annotated[int | None, Query(ge=1, le=DIGITS_MAX)] = None,
) -> Response:
    """Curves for a chart, downsampled to `points`; complete if they have no more points.

    `series` may be repeated or take several names, separated by commas. Without it, all series are
    answered. `train/*` selects all series whose names begin with `train/`.
    `digits`: significant digits of what was measured; without it, every bit. Settings and clocks
    are always answered as they are.
    """
    requested = [name for part in series or () for name in part.split(",") if name]
    with state.store.reading() as session:
        run = find_run(session, run_id)
        line = lineage(session, run, family=family)
        existing = series_names(session, [member.id for member, _ in line])
        drawn = draw_curves(
            session,
            line,
            _chosen(requested, existing)[:SERIES_MAX] if requested else existing,
            within=(from_step, to_step),
            points=points,
            smooth_steps=smooth_steps,
        )
        answer = {"run_id": run.id, "last_step": run.step}
    return numbers_response(
        {
            **answer,
            "series": {
                name: (curve if name in NEVER_SMOOTHED else curve.rounded(digits)).to_json()
                for name, curve in drawn.items()
            },
        }
    )


def _chosen(requested: list[str], existing: list[str]) -> list[str]:
    """The selected names without duplicates; a star at the end stands for any ending."""
    chosen: dict[str, None] = {}
    for name in requested:
        if name.endswith("*"):
            chosen.update(dict.fromkeys(item for item in existing if item.startswith(name[:-1])))
        else:
            chosen[name] = None
    return list(chosen)


@router.get("/log", response_class=Response)
def log(run_id: PathId, state: AppStateDep) -> PlainTextResponse:
    """What the run's workers printed, as text: the last 256,000 bytes, from the start of a line."""
    with state.store.reading() as session:
        find_run(session, run_id)
    path = state.store.runs_dir / str(run_id) / WORKER_LOG
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - LOG_BYTES_MAX))
            data = file.read(LOG_BYTES_MAX)  # it may grow meanwhile
    except OSError as error:
        raise NotFound("This run has no output.") from error
    if size > LOG_BYTES_MAX:
        whole_lines = data.partition(b"\n")[2] or data
        left_out = size - len(whole_lines)
        data = f"[{left_out:,} bytes before this are left out]\n".encode() + whole_lines
    return PlainTextResponse(data.decode("utf-8", "replace"))
