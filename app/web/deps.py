"""Dependencies of the routes: the application state and the idempotency of a request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response, status
from fastapi.responses import JSONResponse
from pydantic import BeforeValidator
from pydantic_core import to_json

from babysit.protocol.hyperparameters import Declared

from ..errors import Invalid
from ..limits import KEY_CHARACTERS_MAX
from ..remote.leases import Leases
from ..security.tokens import VIEWER, Tokens
from ..settings import Settings
from ..store.idempotency import find_response, save_response
from ..store.runs.runs import find_run
from ..store.runs.scripts import info_of_run, script_named, task_of_script
from ..store.searches.searches import find_search
from ..store.sessions import Sessions, sha256
from ..store.store import Store, Transaction
from ..store.tables.runs import RunRow
from ..task_catalog import TaskCatalog, TaskInfo
from ..task_description import declarations
from ..uploads.uploads import Uploads
from .broker import EventBroker
from .shares import Holder

DESCRIBED_WITHIN_S = 30.0  # a task that a POST names


@dataclass(frozen=True, slots=True)
class AppState:
    """The parts of the application that routes use.

    wake: starts the next turn of the background work.
    warnings: those of the background work.
    leases: of the workers on other machines.
    uploads: of checkpoints to an object storage; None: there is none.
    may_retry: whether another attempt follows one whose task raises.
    slots: how many runs train at the same time; with a cluster, as many as it has room for.
    cookie_name: of the session cookie; it contains the port, as cookies are shared by all ports.
    cookie_path: the path below which the cookie is sent.
    """

    settings: Settings
    store: Store
    catalog: TaskCatalog
    broker: EventBroker
    tokens: Tokens
    sessions: Sessions
    wake: Callable[[], None]
    warnings: Callable[[], list[str]]
    leases: Leases
    uploads: Uploads | None
    may_retry: Callable[[int], bool]
    slots: Callable[[], int]
    cookie_name: str
    cookie_path: str


def sessions_of(request: Request) -> tuple[str, ...]:
    """The valid session cookies, as the security middleware has read them."""
    sessions: tuple[str, ...] = getattr(request.state, "sessions", ())
    return sessions


def holder_of(request: Request) -> Holder:
    """Who a request counts for: its session, or the address that its token comes from."""
    sessions = sessions_of(request)
    address = request.client.host if request.client else ""
    return Holder(
        getattr(request.state, "role", VIEWER), sha256(sessions[0]) if sessions else address
    )


HolderDep = Annotated[Holder, Depends(holder_of)]


def app_state_of(request: Request) -> AppState:
    state: AppState = request.app.state.app_state
    return state


AppStateDep = Annotated[AppState, Depends(app_state_of)]


def _canonical(text: str) -> str:
    """An id as it is written; `01`, `+1`, `1.0` or `1 ` would be a second address of run 1.

    Raises:
        ValueError: it is written in another way.
    """
    if not (text.isascii() and text.isdigit() and (text == "0" or text[0] != "0")):
        raise ValueError("an id is a whole number without sign, spaces or leading zeros")
    return text


PathId = Annotated[int, BeforeValidator(_canonical)]


@dataclass(frozen=True, slots=True)
class Idempotency:
    """Carries out a POST once for each Idempotency-Key; without a key, each time."""

    store: Store
    key: str | None
    request_sha256: str

    def answer(
        self, status_code: int, act: Callable[[Transaction], dict[str, Any]], **other_codes: int
    ) -> JSONResponse:
        """The result of `act`, or the earlier one for the same key. `act` runs in a transaction.

        other_codes: `no_op=200` is the status code of a result whose `status` is no_op.
        """
        with self.store.writing() as tx:
            if self.key is not None:
                earlier = find_response(tx, self.key, self.request_sha256)
                if earlier is not None:
                    return JSONResponse(earlier[1], earlier[0])
            answer = act(tx)
            code = other_codes.get(str(answer.get("status")), status_code)
            if self.key is not None:
                at_s = self.store.clock.now_s()
                save_response(tx, self.key, self.request_sha256, (code, answer), at_s)
        return JSONResponse(answer, code)


async def idempotency_of(
    request: Request,
    idempotency_key: Annotated[
        str | None, Header(json_schema_extra={"minLength": 1, "maxLength": KEY_CHARACTERS_MAX})
    ] = None,
) -> Idempotency:
    """The key and the fingerprint of a request.

    Raises:
        Invalid: the key is too long or not printable.
    """
    key = idempotency_key
    if key is not None and not (0 < len(key) <= KEY_CHARACTERS_MAX and key.isprintable()):
        raise Invalid(
            f"A key must have 1 to {KEY_CHARACTERS_MAX} printable characters.",
            field="Idempotency-Key",
        )
    requested = f"{request.method} {request.url.path}\n".encode() + await request.body()
    return Idempotency(app_state_of(request).store, key, hashlib.sha256(requested).hexdigest())


IdempotencyDep = Annotated[Idempotency, Depends(idempotency_of)]


def create(
    state: AppState, idempotency: Idempotency, make: Callable[[Transaction], dict[str, Any]]
) -> JSONResponse:
    """Answer a POST that creates runs: 201, and the background work starts at once."""
    answer = idempotency.answer(status.HTTP_201_CREATED, make)
    state.wake()
    return answer


def declared_of(state: AppState, run: RunRow) -> Declared | None:
    """What can be changed in a run; None if that is not known (yet)."""
    if run.script is not None:
        said = run.declared["hyperparameters"] if run.declared else None
        return None if said is None else declarations(said, of_script=True)
    info = state.catalog.get(run.task)
    return info.declared if info is not None and info.declared else None


def task_of(state: AppState, run_id: int) -> TaskInfo:
    """What a run was started from: its task, or its script with what that has declared.

    Raises:
        NotFound: there is no such run.
        Invalid, NotReady: see `described_task`.
    """
    with state.store.reading() as session:
        run = find_run(session, run_id)
        if run.script is not None:
            return info_of_run(session, run)
        name = run.task
    return described_task(state, name)


def task_of_search(state: AppState, search_id: int) -> TaskInfo:
    """What a search trains.

    Raises:
        NotFound: there is no such search.
        Invalid, NotReady: see `described_task`.
    """
    with state.store.reading() as session:
        row = find_search(session, search_id)
        name, script = row.task, row.script
    return described_task(state, name) if script is None else task_of_script(script)


def task_asked_for(
    state: AppState, task: str | None, script: str | None, *, described: bool
) -> TaskInfo:
    """The task, or the registered script, that a POST names.

    described: what a script declares has to be known.

    Raises:
        Invalid: both or none are named; there is none of this name, or it cannot be used.
        NotReady: see `described_task`.
    """
    if (task is None) == (script is None):
        raise Invalid("Name a task or a registered script.", field="task")
    if script is None:
        return described_task(state, str(task))
    with state.store.reading() as session:
        return script_named(session, state.store.runs_dir.parent, script, described=described)


def described_task(state: AppState, name: str) -> TaskInfo:
    """The task of a POST; waits while it is still being described.

    Raises:
        Invalid: there is no task of this name, or it has an error.
        NotReady: its description takes longer.
    """
    return state.catalog.find(name, DESCRIBED_WITHIN_S)


def json_response(body: dict[str, Any]) -> Response:
    """The body without validation: it is large, or its fields depend on its content."""
    content = json.dumps(body, separators=(",", ":"), allow_nan=False)
    return Response(content, media_type="application/json")


def numbers_response(body: dict[str, Any]) -> Response:
    """The same for a body of many numbers, in a fifth of the time. It takes no broken text."""
    return Response(to_json(body, inf_nan_mode="strings"), media_type="application/json")
