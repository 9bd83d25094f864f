"""Checkpoints of a run, and new runs that start from one."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, status
from fastapi.responses import JSONResponse

from app.store import checkpoints
from app.store.begin import Wanted, fork_run
from app.store.runs import find_run
from app.store.store import Write
from app.store.views import run_list
from app.web.answers import Checkpoint, Run
from app.web.bodies import NewFork, PinChange
from app.web.parts import OnceOf, PartsOf

router = APIRouter(prefix="/api", tags=["checkpoints"])

DESCRIBED_WITHIN_S = 30.0


@router.get("/runs/{run_id}/checkpoints")
def list_checkpoints(run_id: int, parts: PartsOf) -> list[Checkpoint]:
    with parts.store.reading() as session:
        run = find_run(session, run_id)
        found = checkpoints.list_checkpoints(session, parts.store.runs_dir, run)
    return [Checkpoint.model_validate(item) for item in found]


@router.patch("/checkpoints/{checkpoint_id}")
def pin(checkpoint_id: int, asked: PinChange, parts: PartsOf) -> Checkpoint:
    with parts.store.writing() as write:
        row = checkpoints.find_checkpoint(write.session, checkpoint_id)
        checkpoints.pin_checkpoint(write, row, pinned=asked.pinned)
        found = checkpoints.one_checkpoint(write.session, parts.store.runs_dir, row)
    return Checkpoint.model_validate(found)


@router.post(
    "/checkpoints/{checkpoint_id}/fork", status_code=status.HTTP_201_CREATED, response_model=Run
)
def fork(checkpoint_id: int, asked: NewFork, parts: PartsOf, once: OnceOf) -> JSONResponse:
    with parts.store.reading() as session:
        row = checkpoints.find_checkpoint(session, checkpoint_id)
        name = find_run(session, row.run_id).task
    task = parts.catalog.find(name, DESCRIBED_WITHIN_S)
    wanted = Wanted(**asked.model_dump())

    def act(write: Write) -> dict[str, Any]:
        known = (task.declared, task.default_steps)
        run = fork_run(write, parts.store.runs_dir, checkpoint_id, known, wanted)
        return run_list(write.session, [run])[0]

    answer = once.answer(status.HTTP_201_CREATED, act)
    parts.wake()
    return answer
