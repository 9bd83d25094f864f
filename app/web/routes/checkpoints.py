"""Checkpoints of a run, and forks of them."""

from __future__ import annotations

import shutil
from typing import Any

from fastapi import APIRouter, Response, status
from fastapi.responses import JSONResponse

from ...store.run_json import run_list
from ...store.runs import checkpoints
from ...store.runs.create import fork_run
from ...store.runs.removal import delete_checkpoint
from ...store.runs.runs import find_run
from ...store.store import Transaction
from ..deps import AppStateDep, IdempotencyDep, PathId, create, task_of
from ..schemas.requests import NewFork, PinChange
from ..schemas.responses import Checkpoint, Run
from ..stored_checkpoints import fetch_if_gone, with_storage

router = APIRouter(prefix="/api", tags=["checkpoints"])


@router.get("/runs/{run_id}/checkpoints")
def list_checkpoints(run_id: PathId, state: AppStateDep) -> list[Checkpoint]:
    """All checkpoints that a run ever saved, newest last."""
    with state.store.reading() as session:
        run = find_run(session, run_id)
        items = checkpoints.list_checkpoints(session, state.store.runs_dir, run)
    return [with_storage(state, item) for item in items]


@router.get("/checkpoints/{checkpoint_id}")
def read(checkpoint_id: PathId, state: AppStateDep) -> Checkpoint:
    """One checkpoint of any run."""
    with state.store.reading() as session:
        row = checkpoints.find_checkpoint(session, checkpoint_id)
        checkpoint = checkpoints.one_checkpoint(session, state.store.runs_dir, row)
    return with_storage(state, checkpoint)


@router.patch("/checkpoints/{checkpoint_id}")
def pin(checkpoint_id: PathId, requested: PinChange, state: AppStateDep) -> Checkpoint:
    """Pin a checkpoint, so that it is never removed automatically, or unpin it."""
    with state.store.writing() as tx:
        row = checkpoints.find_checkpoint(tx.session, checkpoint_id)
        checkpoints.pin_checkpoint(tx, row, pinned=requested.pinned)
        checkpoint = checkpoints.one_checkpoint(tx.session, state.store.runs_dir, row)
    return with_storage(state, checkpoint)


@router.delete("/checkpoints/{checkpoint_id}", status_code=status.HTTP_204_NO_CONTENT)
def remove(checkpoint_id: PathId, state: AppStateDep) -> Response:
    """Delete a checkpoint of a run that is over. Its entry in the history stays.

    Its size is `bytes` in `GET /api/runs/{id}/checkpoints`. One that is pinned, that a fork came
    from or that is the last one of its run is kept (409).
    """
    with state.store.writing() as tx:
        row = checkpoints.find_checkpoint(tx.session, checkpoint_id)
        delete_checkpoint(tx, row)
        path = checkpoints.checkpoint_path(state.store.runs_dir, row)
    shutil.rmtree(path, ignore_errors=True)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post(
    "/checkpoints/{checkpoint_id}/fork", status_code=status.HTTP_201_CREATED, response_model=Run
)
def fork(
    checkpoint_id: PathId, requested: NewFork, state: AppStateDep, idempotency: IdempotencyDep
) -> JSONResponse:
    """Start a new run from a checkpoint, with other values if given."""
    with state.store.reading() as session:
        run_id = checkpoints.find_checkpoint(session, checkpoint_id).run_id
    task = task_of(state, run_id)
    options = requested.model_dump()
    fetch_if_gone(state, checkpoint_id)

    def act(tx: Transaction) -> dict[str, Any]:
        run = fork_run(tx, state.store.runs_dir, checkpoint_id, task, options)
        return run_list(tx.session, [run])[0]

    return create(state, idempotency, act)
