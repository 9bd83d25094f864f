"""Commands to a run; the answer is an event, or can be waited for."""

from __future__ import annotations

import asyncio
import time
from contextlib import nullcontext
from typing import Annotated, Any

from fastapi import APIRouter, Query, status
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from ...limits import WAIT_S_MAX
from ...store.runs import commands
from ...store.runs.runs import find_run
from ...store.store import Transaction
from ..deps import AppState, AppStateDep, HolderDep, IdempotencyDep, PathId, declared_of
from ..schemas.requests import CommandIn
from ..schemas.responses import CommandAnswer, CommandSent

router = APIRouter(prefix="/api/runs/{run_id}/commands", tags=["commands"])


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=CommandSent,
    responses={
        200: {
            "model": CommandSent,
            "description": "Nothing to do: the run is already in that state",
        }
    },
)
def send(
    run_id: PathId, requested: CommandIn, state: AppStateDep, idempotency: IdempotencyDep
) -> JSONResponse:
    """Send a command to a run. The answer follows as an event with the same `command_id`."""

    def act(tx: Transaction) -> dict[str, Any]:
        command = requested.command()
        declared = declared_of(state, find_run(tx.session, run_id))
        command_id = commands.send_command(tx, run_id, command, declared)
        return {"command_id": command_id, "status": "no_op" if command_id is None else "pending"}

    answer = idempotency.answer(status.HTTP_202_ACCEPTED, act, no_op=status.HTTP_200_OK)
    state.wake()  # the command may have stopped a queued run
    return answer


@router.get("/{command_id}")
async def read(
    run_id: PathId,
    command_id: PathId,
    state: AppStateDep,
    holder: HolderDep,
    wait_s: Annotated[float, Query(ge=0, le=WAIT_S_MAX)] = 0.0,
) -> CommandAnswer:
    """A command and its answer. With `wait_s`, waits until the command is answered."""
    with state.broker.waits.held(holder) if wait_s else nullcontext():
        return await _answered(state, run_id, command_id, time.monotonic() + wait_s)


async def _answered(
    state: AppState, run_id: int, command_id: int, deadline_s: float
) -> CommandAnswer:
    while True:
        committed = state.broker.wait_for_commit(run_id)
        try:
            command = await run_in_threadpool(_read, state, run_id, command_id)
            left_s = deadline_s - time.monotonic()
            if command["status"] != "pending" or left_s <= 0 or state.broker.is_closing:
                return CommandAnswer.model_validate(command)
            await asyncio.wait((committed,), timeout=left_s)
        finally:
            state.broker.cancel_wait(run_id, committed)


def _read(state: AppState, run_id: int, command_id: int) -> dict[str, Any]:
    with state.store.reading() as session:
        return commands.read_command(session, run_id, command_id)
