"""Runs: start, list, read, change, trash; their notes, family and picture."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status
from fastapi.responses import JSONResponse

from babysit.protocol.events import NoteAdded
from babysit.protocol.heartbeat import read_heartbeat
from babysit.protocol.status import RunStatus
from babysit.storage.regular_file import open_regular

from ...errors import NotFound
from ...limits import INT_MAX, NAME_CHARACTERS_MAX, PAGE_MAX, RUNS_DEFAULT
from ...store.events import event_json
from ...store.run_json import run_list
from ...store.runs import runs
from ...store.runs.commands import stop_if_active
from ...store.runs.create import start_run
from ...store.runs.projection import emit
from ...store.runs.removal import Trash, empty_trash, look_into_trash
from ...store.runs.scripts import restart_script, start_of
from ...store.store import Transaction
from ..deps import AppStateDep, IdempotencyDep, PathId, create, task_asked_for
from ..schemas.events import Event
from ..schemas.requests import NewNote, NewRun, NoteCorrection, RunChange
from ..schemas.responses import Family, Run, Runs, TrashContent
from ..workers.machines import as_it_is_now

router = APIRouter(prefix="/api/runs", tags=["runs"])
trash_router = APIRouter(prefix="/api/trash", tags=["runs"])

PICTURE_BYTES_MAX = 4_000_000


@router.post("", status_code=status.HTTP_201_CREATED, response_model=Run)
def start(requested: NewRun, state: AppStateDep, idempotency: IdempotencyDep) -> JSONResponse:
    """Start a run. It is queued until a slot is free."""
    task = task_asked_for(state, requested.task, requested.script, described=False)
    options = requested.model_dump(exclude={"task", "script"})

    def act(tx: Transaction) -> dict[str, Any]:
        return run_list(tx.session, [start_run(tx, task, options)])[0]

    return create(state, idempotency, act)


@router.post("/{run_id}/attempts", status_code=status.HTTP_202_ACCEPTED)
def restart(run_id: PathId, state: AppStateDep) -> Run:
    """Start a script again whose process is gone; it continues from its newest checkpoint."""
    with state.store.writing() as tx:
        row = runs.find_run(tx.session, run_id)
        restart_script(tx, row)
        answer = Run.model_validate(run_list(tx.session, [row])[0])
    state.wake()
    return answer


@router.get("")
def list_runs(
    state: AppStateDep,
    *,
    status: Annotated[RunStatus | None, Query()] = None,
    task: Annotated[str | None, Query(max_length=NAME_CHARACTERS_MAX)] = None,
    family_id: Annotated[int | None, Query(ge=1, le=INT_MAX)] = None,
    trashed: bool = False,
    search: Annotated[str | None, Query(max_length=NAME_CHARACTERS_MAX)] = None,
    search_id: Annotated[int | None, Query(ge=1, le=INT_MAX)] = None,
    trials: bool = False,
    before: Annotated[int | None, Query(ge=0, le=INT_MAX)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = RUNS_DEFAULT,
) -> Runs:
    """Runs, newest first. `search` matches names and notes; `trials` includes those of searches."""
    with state.store.reading() as session:
        page = runs.list_runs(
            session,
            statuses=() if status is None else (status,),
            task=task,
            family_id=family_id,
            trashed=trashed,
            search=search,
            search_id=search_id,
            trials=trials,
            before=before,
            limit=limit,
        )
        page["runs"] = as_it_is_now(state, session, page["runs"])
    shown = [_as_the_disk_lets_it(state.store.runs_dir, run) for run in page["runs"]]
    return Runs.model_validate({**page, "runs": shown})


@router.get("/{run_id}")
def read(run_id: PathId, state: AppStateDep) -> Run:
    """One run."""
    with state.store.reading() as session:
        run = runs.read_run(session, run_id)
        if run["script"] is not None:
            run |= start_of(session, state.store.runs_dir, runs.find_run(session, run_id))
        [run] = as_it_is_now(state, session, [run])
    return Run.model_validate(_as_the_disk_lets_it(state.store.runs_dir, run))


def _as_the_disk_lets_it(runs_dir: Path, run: dict[str, Any]) -> dict[str, Any]:
    """A run whose worker waits for the disk is paused, even if that could not be written yet."""
    if run["status"] != RunStatus.RUNNING:
        return run
    beat = read_heartbeat(runs_dir / str(run["id"]), run["attempt"])
    if beat is None or not beat.io_error:
        return run
    is_full = beat.io_error in (errno.ENOSPC, errno.EDQUOT)
    reason = "disk_full" if is_full else "disk_error"
    return {**run, "status": RunStatus.PAUSED.value, "reason": reason}


@router.patch("/{run_id}")
def change(run_id: PathId, requested: RunChange, state: AppStateDep) -> Run:
    """Change what is not trained: name, note, pace, guard, live branch; restore from the trash.

    max_steps_per_s: a pace for watching, also of a run in progress; 0 is full speed.
    guard: whether the run pauses when its cost blows up.
    controls: of a script's run, by hyperparameter: its tier, from 1, and the scale of its values.
    """
    with state.store.writing() as tx:
        run = runs.find_run(tx.session, run_id)
        runs.describe_run(tx, run, **requested.model_dump(exclude={"trashed"}))
        if requested.trashed is False:
            runs.restore_run(tx, run)
        return Run.model_validate(run_list(tx.session, [run])[0])


@router.delete("/{run_id}", status_code=status.HTTP_204_NO_CONTENT)
def trash(run_id: PathId, state: AppStateDep) -> Response:
    """Move a run to the trash. An active run is stopped first."""
    with state.store.writing() as tx:
        run = runs.find_run(tx.session, run_id)
        stop_if_active(tx, run)
        runs.trash_run(tx, run)
    state.wake()
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post("/{run_id}/notes", status_code=status.HTTP_201_CREATED, response_model=Event)
def add_note(
    run_id: PathId, requested: NewNote, state: AppStateDep, idempotency: IdempotencyDep
) -> JSONResponse:
    """Attach a note to a step; without `step`, to the current one."""

    def act(tx: Transaction) -> dict[str, Any]:
        run = runs.find_run(tx.session, run_id)
        step = run.step if requested.step is None else requested.step
        note = NoteAdded(step=step, text=requested.text, command_id=requested.command_id)
        return event_json(emit(tx, run, note))

    return idempotency.answer(status.HTTP_201_CREATED, act)


@router.patch("/{run_id}/notes/{event_id}", response_model=Event)
def correct_note(
    run_id: PathId, event_id: PathId, requested: NoteCorrection, state: AppStateDep
) -> JSONResponse:
    """Replace the text of a note by a later event; the earlier text stays in the history."""
    with state.store.writing() as tx:
        run = runs.find_run(tx.session, run_id)
        return JSONResponse(event_json(runs.correct_note(tx, run, event_id, requested.text)))


@router.get("/{run_id}/family")
def family(run_id: PathId, state: AppStateDep) -> Family:
    """All runs of the family: those that were forked, directly or not, from the same root."""
    with state.store.reading() as session:
        return Family.model_validate(runs.family(session, runs.find_run(session, run_id)))


@router.get("/{run_id}/picture")
def picture(run_id: PathId, state: AppStateDep) -> JSONResponse:
    """The picture that the task drew of its network at the latest evaluation."""
    with state.store.reading() as session:
        runs.find_run(session, run_id)
    path = state.store.runs_dir / str(run_id) / "picture.json"
    try:
        # Written by user code, so it may be anything.
        with open_regular(path, PICTURE_BYTES_MAX) as file:
            return JSONResponse(json.loads(file.read()))
    except (OSError, ValueError, RecursionError) as error:
        raise NotFound("This run has no picture.") from error


@trash_router.get("")
def read_trash(state: AppStateDep) -> TrashContent:
    """What emptying the trash would remove, and how much space that gives back."""
    with state.store.reading() as session:
        return _trash(look_into_trash(session, state.store.runs_dir))


@trash_router.delete("")
def remove_trash(state: AppStateDep) -> TrashContent:
    """Remove the runs in the trash for good. Answers what was removed, and what stays and why."""
    removed = empty_trash(state.store)
    if removed.run_ids:
        state.broker.send_reset()
    return _trash(removed)


def _trash(trash: Trash) -> TrashContent:
    kept = [{"run_id": run_id, "reason": reason} for run_id, reason in trash.kept.items()]
    return TrashContent.model_validate(
        {"run_ids": sorted(trash.run_ids), "bytes": trash.bytes, "kept": kept}
    )
