"""Runs: start, list, look, describe, trash; their notes, family and picture."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status
from fastapi.responses import JSONResponse

from app.errors import NotFound
from app.limits import INT_MAX, NAME_CHARACTERS_MAX, PAGE_MAX, RUNS_DEFAULT
from app.store import runs
from app.store.apply import say
from app.store.begin import Wanted, start_run
from app.store.commands import stop_if_active
from app.store.events import event_json
from app.store.store import Write
from app.store.views import run_list
from app.web.answers import Event, Family, Run, Runs
from app.web.bodies import NewNote, NewRun, RunChange
from app.web.parts import OnceOf, PartsOf
from babysit.messages import NoteAdded, RunStatus
from babysit.plain_file import opened

router = APIRouter(prefix="/api/runs", tags=["runs"])

DESCRIBED_WITHIN_S = 30.0
PICTURE_BYTES_MAX = 4_000_000


@router.post("", status_code=status.HTTP_201_CREATED, response_model=Run)
def start(asked: NewRun, parts: PartsOf, once: OnceOf) -> JSONResponse:
    task = parts.catalog.find(asked.task, DESCRIBED_WITHIN_S)
    wanted = Wanted(**asked.model_dump(exclude={"task"}))

    def act(write: Write) -> dict[str, Any]:
        run = start_run(write, asked.task, task.declared, task.default_steps, wanted)
        return run_list(write.session, [run])[0]

    answer = once.answer(status.HTTP_201_CREATED, act)
    parts.wake()
    return answer


@router.get("")
def list_runs(
    parts: PartsOf,
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
    with parts.store.reading() as session:
        found = runs.list_runs(
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
    return Runs.model_validate(found)


@router.get("/{run_id}")
def read(run_id: int, parts: PartsOf) -> Run:
    with parts.store.reading() as session:
        return Run.model_validate(runs.read_run(session, run_id))


@router.patch("/{run_id}")
def change(run_id: int, asked: RunChange, parts: PartsOf) -> Run:
    with parts.store.writing() as write:
        run = runs.find_run(write.session, run_id)
        runs.describe_run(write, run, name=asked.name, note=asked.note, live=asked.live)
        if asked.trashed is False:
            runs.restore_run(write, run)
        return Run.model_validate(run_list(write.session, [run])[0])


@router.delete("/{run_id}", status_code=status.HTTP_204_NO_CONTENT)
def trash(run_id: int, parts: PartsOf) -> Response:
    with parts.store.writing() as write:
        run = runs.find_run(write.session, run_id)
        stop_if_active(write, run)
        runs.trash_run(write, run)
    parts.wake()
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post("/{run_id}/notes", status_code=status.HTTP_201_CREATED, response_model=Event)
def add_note(run_id: int, asked: NewNote, parts: PartsOf, once: OnceOf) -> JSONResponse:
    def act(write: Write) -> dict[str, Any]:
        run = runs.find_run(write.session, run_id)
        step = run.step if asked.step is None else asked.step
        note = NoteAdded(step=step, text=asked.text, command_id=asked.command_id)
        return event_json(say(write, run, note))

    return once.answer(status.HTTP_201_CREATED, act)


@router.get("/{run_id}/family")
def family(run_id: int, parts: PartsOf) -> Family:
    with parts.store.reading() as session:
        return Family.model_validate(runs.family(session, runs.find_run(session, run_id)))


@router.get("/{run_id}/picture")
def picture(run_id: int, parts: PartsOf) -> JSONResponse:
    """What the task draws of its network, as of the newest evaluation."""
    with parts.store.reading() as session:
        runs.find_run(session, run_id)
    path = parts.store.runs_dir / str(run_id) / "picture.json"
    try:
        with opened(path, PICTURE_BYTES_MAX) as file:  # the worker wrote it: it may be anything
            return JSONResponse(json.loads(file.read()))
    except (OSError, ValueError, RecursionError) as error:
        raise NotFound("There is no picture of this run.") from error
