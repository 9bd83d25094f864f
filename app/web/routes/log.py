"""What the worker of a run printed: the task's output, and warnings of Python and PyTorch."""

from __future__ import annotations

import os

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from babysit.storage.regular_file import open_regular

from ...errors import NotFound
from ...limits import LOG_BYTES_MAX
from ...store.runs.runs import find_run
from ..deps import AppStateDep, PathId

router = APIRouter(prefix="/api/runs/{run_id}/log", tags=["runs"])

WORKER_LOG = "worker.log"


@router.get("", response_class=Response)
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
