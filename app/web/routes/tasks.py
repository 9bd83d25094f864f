"""The available tasks, and the scripts that may be started."""

from __future__ import annotations

import asyncio
import time
from contextlib import nullcontext
from typing import Annotated

from fastapi import APIRouter, Query

from babysit.protocol.spec.script_files import all_registered

from ...limits import WAIT_S_MAX
from ...store.runs.scripts import shown
from ...task_description import Task
from ..deps import AppStateDep, HolderDep
from ..schemas.responses import RegisteredScript, Tasks

router = APIRouter(prefix="/api/tasks", tags=["tasks"])
scripts_router = APIRouter(prefix="/api/scripts", tags=["tasks"])

LOOK_EVERY_S = 0.05


@router.get("")
async def list_tasks(
    state: AppStateDep,
    holder: HolderDep,
    wait_s: Annotated[float, Query(ge=0, le=WAIT_S_MAX)] = 0.0,
) -> Tasks:
    """The tasks described so far. With `wait_s`, waits until all tasks are described."""
    end_s = time.monotonic() + wait_s
    with state.broker.waits.held(holder) if wait_s else nullcontext():
        while not (state.catalog.is_ready or state.broker.is_closing) and time.monotonic() < end_s:
            await asyncio.sleep(LOOK_EVERY_S)  # not in a thread: there are few
    ready = state.catalog.is_ready  # read before the list, which is then at least as complete
    return Tasks(
        tasks=[Task.model_validate(task.description) for task in state.catalog.tasks()],
        ready=ready,
    )


@scripts_router.get("")
def list_scripts(state: AppStateDep) -> list[RegisteredScript]:
    """The scripts that `babysit run` registered on this machine."""
    found = all_registered(state.store.runs_dir.parent)
    return [RegisteredScript.model_validate(shown(*item)) for item in found.items()]
