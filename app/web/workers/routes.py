"""The routes of workers on other machines. Each takes only the token of the attempt it names.

They carry bytes of files, not JSON, and are no part of the described API: worker and server are
of the same version.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Request, Response, status
from fastapi.concurrency import run_in_threadpool

from babysit import __version__
from babysit.protocol.machine import Machine
from babysit.protocol.spec.task_files import task_files
from babysit.storage.runs.storage import (
    AttemptOver,
    CheckpointConflict,
    OffsetMismatch,
    UnknownName,
)

from ...errors import APIError, Invalid, NotAllowed, NotFound, RequestRejected
from ...limits import INT_MAX, WAIT_S_MAX
from ...remote.leases import Lease
from ...remote.task_archive import TaskTooLarge, task_archive
from ...store.runs.runs import find_run
from ..deps import AppState, AppStateDep, PathId
from ..schemas.worker_requests import WorkerBeginning, WorkerEnd
from ..shares import THE_OWNER

router = APIRouter(
    prefix="/api/workers/{run_id}/{attempt}", tags=["workers"], include_in_schema=False
)

LOOK_AGAIN_S = 2.0  # for commands, if no commit says that there are any
OVER = "The attempt has ended; another one may have taken its place."

Result = TypeVar("Result")
Offset = Annotated[int, Query(ge=0, le=INT_MAX)]


def lease_of(run_id: PathId, attempt: PathId, state: AppStateDep) -> Lease:
    """The lease of the attempt, whose token the security middleware has checked."""
    lease = state.leases.find(run_id, attempt)
    if lease is None:
        raise NotFound("There is no such attempt.")
    return lease


LeaseDep = Annotated[Lease, Depends(lease_of)]


async def done(act: Callable[[], Result]) -> Result:
    """The result of an act on the storage, in a thread; its exceptions as responses."""
    try:
        return await run_in_threadpool(act)
    except OffsetMismatch as error:
        raise WrongOffset(
            f"There are {error.length} bytes.", allowed={"length": error.length}
        ) from None
    except AttemptOver:
        raise RequestRejected(410, "over", OVER) from None
    except CheckpointConflict as error:
        raise NotAllowed(f"The checkpoint is not kept: {error}.") from None
    except (UnknownName, FileNotFoundError):
        raise NotFound("There is no such file.") from None
    except OSError as error:
        raise RequestRejected(507, "no_room", f"The server: {error.strerror}.") from None


class WrongOffset(APIError):
    """The bytes do not follow what the server has; `allowed` says how much that is."""

    status_code = 409
    error = "wrong_offset"


async def range_of(request: Request, sha256: str | None) -> bytes:
    """The body, if it is as it was sent.

    Raises:
        Invalid: it was changed on the way.
    """
    data = await request.body()
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise Invalid("The bytes differ from their checksum.", field="sha256")
    return data


@router.post("/begin")
async def begin(requested: WorkerBeginning, lease: LeaseDep, state: AppStateDep) -> dict[str, Any]:
    """Say where the worker runs; learn what it has to work on."""
    if requested.babysit_version != __version__:
        raise NotAllowed(
            f"{requested.name} has Babysit {requested.babysit_version}, this server "
            f"{__version__}. Install the same version on both."
        )
    machine = Machine(**requested.model_dump(exclude={"instance", "scheduler"}))

    def act() -> dict[str, Any]:
        state.leases.note_machine(lease, machine, requested.instance, requested.scheduler)
        return asdict(lease.storage.begin())

    settings = state.settings
    return {
        **await done(act),
        "threads": settings.threads,
        "device": settings.device,
        "may_retry": state.may_retry(lease.attempt),
    }


@router.get("/task")
async def task(lease: LeaseDep, state: AppStateDep) -> Response:
    """The task's file and the modules beside it, as a ZIP file."""
    content = await done(lambda: _archive_of(state, lease.run_id))
    return Response(content, media_type="application/zip")


def _archive_of(state: AppState, run_id: int) -> bytes:
    with state.store.reading() as session:
        name = find_run(session, run_id).task
    file = task_files(state.settings.task_folders).get(name)
    if file is None:
        raise NotFound("There is no such task any more.")
    try:
        return task_archive(file)
    except TaskTooLarge as error:
        raise NotAllowed(str(error)) from error


@router.get("/input")
async def read_input(
    lease: LeaseDep, offset: Offset, path: Annotated[str, Query(max_length=500)]
) -> Response:
    """Bytes of a file that the worker reads before it begins."""
    return _bytes(await done(lambda: lease.storage.read_input(path, offset)))


@router.put("/journal", status_code=status.HTTP_204_NO_CONTENT)
async def append_journal(
    request: Request, lease: LeaseDep, offset: Offset, sha256: str | None = None
) -> None:
    """Add to the attempt's journal; 204 when it is on the disk."""
    data = await range_of(request, sha256)
    await done(lambda: lease.storage.append_journal(offset, data))


@router.get("/server-journal")
async def read_commands(
    lease: LeaseDep,
    state: AppStateDep,
    offset: Offset,
    wait_s: Annotated[float, Query(ge=0, le=WAIT_S_MAX)] = 0.0,
) -> Response:
    """What the server added to the run; waits for it."""
    deadline_s = time.monotonic() + wait_s
    with state.broker.waits.held(THE_OWNER):
        while True:
            committed = state.broker.wait_for_commit(lease.run_id)
            try:
                data = await done(lambda: lease.storage.read_commands(offset))
                left_s = deadline_s - time.monotonic()
                if data or left_s <= 0 or state.broker.is_closing:
                    return _bytes(data)
                await asyncio.wait((committed,), timeout=min(left_s, LOOK_AGAIN_S))
            finally:
                state.broker.cancel_wait(lease.run_id, committed)


@router.put("/log", status_code=status.HTTP_204_NO_CONTENT)
async def append_log(request: Request, lease: LeaseDep, offset: Offset) -> None:
    """Add to what the worker printed."""
    data = await request.body()
    await done(lambda: lease.storage.append_log(offset, data))


@router.post("/heartbeat")
async def heartbeat(request: Request, lease: LeaseDep) -> dict[str, list[int]]:
    """Keep the newest heartbeat. Answers with the signals that the worker is to be sent."""
    record = await request.body()
    await done(lambda: lease.storage.write_heartbeat(record))
    signals, lease.signals = lease.signals, []
    return {"signals": signals}


@router.put("/artifacts/{name}", status_code=status.HTTP_204_NO_CONTENT)
async def write_artifact(request: Request, lease: LeaseDep, name: str) -> None:
    """Keep the newest content of an artifact."""
    data = await request.body()
    await done(lambda: lease.storage.write_artifact(name, data))


@router.get("/checkpoints/{name}")
async def checkpoint_bytes(lease: LeaseDep, name: str) -> dict[str, dict[str, int] | None]:
    """How much there is of a checkpoint: bytes by file, or null if it is complete."""
    return {"bytes": await done(lambda: lease.storage.checkpoint_bytes(name))}


@router.put("/checkpoints/{name}/{file}", status_code=status.HTTP_204_NO_CONTENT)
async def append_checkpoint(
    request: Request,
    lease: LeaseDep,
    name: str,
    file: str,
    offset: Offset,
    sha256: str | None = None,
) -> None:
    """Add a range of bytes to a file of a checkpoint."""
    data = await range_of(request, sha256)
    await done(lambda: lease.storage.append_checkpoint(name, file, offset, data))


@router.post("/checkpoints/{name}", status_code=status.HTTP_204_NO_CONTENT)
async def finish_checkpoint(request: Request, lease: LeaseDep, name: str) -> None:
    """Complete a checkpoint with its manifest; one that is there is never replaced."""
    manifest = await request.body()
    await done(lambda: lease.storage.finish_checkpoint(name, manifest))


@router.delete("/checkpoints/{name}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_checkpoint(lease: LeaseDep, name: str) -> None:
    """Remove a checkpoint that retention has removed."""
    await done(lambda: lease.storage.remove_checkpoint(name))


@router.post("/end", status_code=status.HTTP_204_NO_CONTENT)
async def end(requested: WorkerEnd, lease: LeaseDep, state: AppStateDep) -> None:
    """Say how the worker's process ended. It is the last request of an attempt."""

    def act() -> None:
        lease.storage.end(requested.model_dump())
        state.leases.end(lease)

    await done(act)
    state.wake()


def _bytes(data: bytes) -> Response:
    return Response(data, media_type="application/octet-stream")
