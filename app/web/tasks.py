"""The tasks that can be trained."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from app.limits import WAIT_S_MAX
from app.web.answers import Task, Tasks
from app.web.parts import PartsOf

router = APIRouter(prefix="/api/tasks", tags=["tasks"])


@router.get("")
def list_tasks(parts: PartsOf, wait_s: Annotated[float, Query(ge=0, le=WAIT_S_MAX)] = 0.0) -> Tasks:
    """What is known by now; with `wait_s`, held until all tasks are described."""
    if wait_s:
        parts.catalog.wait_until_ready(wait_s)
    ready = parts.catalog.is_ready  # before the list: it is at least as complete
    return Tasks(
        tasks=[
            Task.model_validate({**task.description, "error": task.error})
            for task in parts.catalog.tasks()
        ],
        ready=ready,
    )
