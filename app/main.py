"""Builds the application: store, supervisor, routes, error responses and security middleware."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from sqlalchemy.exc import DBAPIError, OperationalError
from starlette.exceptions import HTTPException

from babysit import __version__

from .errors import (
    APIError,
    DatabaseCorrupt,
    InsufficientStorage,
    Invalid,
    NotFound,
    NotReady,
    error_body,
)
from .limits import PUBLISHED
from .remote.leases import Leases
from .security.middleware import AccessPolicy, SecurityMiddleware
from .security.tokens import Tokens
from .settings import Settings
from .store.committed import Committed
from .store.engine import REPLACED
from .store.recovery.integrity import is_damage, open_database
from .store.sessions import Sessions
from .store.store import Store
from .store.tables.runs import DAMAGED
from .supervisor.supervisor import Supervisor
from .task_catalog import TaskCatalog
from .uploads.uploads import Uploads
from .web.broker import EventBroker
from .web.compression import CompressionMiddleware
from .web.deps import AppState
from .web.routes import (
    checkpoints,
    commands,
    export,
    frontend,
    health,
    history,
    replays,
    runs,
    search_analysis,
    search_export,
    searches,
    session,
    stream,
    tasks,
)
from .web.schemas.responses import Error
from .web.token_watcher import follow_tokens
from .web.validation_errors import from_validation_error
from .web.workers import machines
from .web.workers import routes as worker_routes

log = logging.getLogger(__name__)

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    session.router,
    tasks.router,
    tasks.scripts_router,
    runs.router,
    runs.trash_router,
    commands.router,
    history.router,
    checkpoints.router,
    replays.router,
    search_analysis.router,
    searches.router,
    export.router,
    search_export.router,
    stream.router,
    machines.router,
    worker_routes.router,
    frontend.router,  # last: it answers all other paths
)

# Errors that any route may answer, and those of the security middleware.
REFUSALS: dict[int | str, str] = {
    400: "Malformed request",
    401: "Not authenticated",
    403: "Not allowed for this role, or from this origin",
    404: "Not found",
    409: "Not allowed in the current state",
    413: "The request body is too large",
    414: "The URL is too long",
    415: "The content type must be application/json",
    421: "The server does not serve this host name",
    422: "A value is invalid; `field` names it and `allowed` the bounds",
    429: "A limit is reached; try again later",
    431: "The request headers are too large",
    503: "Temporarily unavailable",
    507: "The disk is full",
}


class Application:
    """The parts of a server and its ASGI application."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        for folder in (settings.data_dir, settings.runs_dir):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.tokens = Tokens(settings.data_dir, settings.token)
        self.broker = EventBroker()
        database = open_database(settings.sql_url, settings.runs_dir)
        self.store = Store(database, settings.runs_dir)
        self.catalog = TaskCatalog()
        self.catalog.on_change = self.broker.send_tasks_changed
        self.sessions = Sessions(self.store, self.tokens)
        self.leases = Leases(settings.runs_dir)
        self.uploads = Uploads(settings.storage, settings.data_dir) if settings.storage else None
        self.supervisor = Supervisor(
            settings,
            self.store,
            self.leases,
            self.catalog,
            uploads=self.uploads,
            viewers=lambda: self.broker.viewers,
            watched=lambda: self.broker.watched,
        )
        self.store.publish = self._publish
        self.broker.on_viewers = self.supervisor.demo.loop.wake
        self.api = routes(lifespan=self._lifespan)
        self.api.state.app_state = self._parts(settings)
        self.broker.search_updates.read = self._read_search
        policy = AccessPolicy(
            host_names=settings.host_names,
            cookie_name=self.api.state.app_state.cookie_name,
            cookie_role=self.sessions.role,
            token_role=self.tokens.role_of,
            proxies=settings.proxies,
            root_path=settings.root_path,
            is_worker=self.leases.check,
        )
        self.asgi = SecurityMiddleware(CompressionMiddleware(self.api), policy)

    def _parts(self, settings: Settings) -> AppState:
        instance = hashlib.sha256(str(settings.data_dir).encode()).hexdigest()[:8]
        return AppState(
            settings=settings,
            store=self.store,
            catalog=self.catalog,
            broker=self.broker,
            tokens=self.tokens,
            sessions=self.sessions,
            wake=self.supervisor.wake,
            warnings=self.supervisor.warnings,
            leases=self.leases,
            uploads=self.uploads,
            may_retry=self.supervisor.launcher.may_retry,
            slots=self.supervisor.remote.slots,
            cookie_name=f"babysit-{settings.port}-{instance}",
            cookie_path=settings.root_path or "/",
        )

    def _read_search(self, search_id: int) -> dict[str, Any]:
        with self.store.reading() as session:
            return searches.read_search(self.api.state.app_state, session, search_id)

    def _publish(self, committed: Committed) -> None:
        self.broker.publish(committed)
        self.supervisor.on_commit(committed)

    @asynccontextmanager
    async def _lifespan(self, api: FastAPI) -> AsyncIterator[None]:
        self.broker.open(asyncio.get_running_loop())
        self.supervisor.start()
        following = asyncio.create_task(follow_tokens(self.tokens, self.sessions, self.broker))
        try:
            yield
        finally:
            following.cancel()
            self.broker.close()
            await asyncio.to_thread(self.supervisor.close)
            self.store.close()


def create_app(settings: Settings) -> Application:
    """The application of a server, which does not listen yet. Importing has no side effects."""
    return Application(settings)


def routes(lifespan: Any = None) -> FastAPI:
    """The routes alone; enough for the OpenAPI description."""
    api = FastAPI(
        title="Babysit",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        responses={code: {"model": Error, "description": why} for code, why in REFUSALS.items()},
        strict_content_type=False,  # the security middleware is stricter
        redirect_slashes=False,
    )
    for router in ROUTERS:
        api.include_router(router)
    described = api.openapi
    api.openapi = lambda: {**described(), "x-limits": PUBLISHED}  # type: ignore[method-assign]
    for kind in (APIError, RequestValidationError, HTTPException, DBAPIError, Exception):
        api.add_exception_handler(kind, answer_error)
    return api


def methods_of(path: str) -> str:
    """The methods of a path; the framework would name only those of the first route."""
    matching = [
        route
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and route.path_regex.match(path)
        if router is not frontend.router or not path.startswith("/api")
    ]
    # `/searches/preview` also matches `/searches/{search_id}`.
    exact = [route for route in matching if route.path == path]
    methods = {method for route in exact or matching for method in route.methods or ()}
    return ", ".join(sorted(methods))


async def answer_error(request: Request, error: Exception) -> JSONResponse:
    """The response to an error; every error of a route comes here."""
    match error:
        case APIError():
            problem = error
        case RequestValidationError():
            problem = from_validation_error(error.errors())
        case HTTPException(status_code=404):
            problem = NotFound("This address does not exist.")
        case HTTPException(status_code=405):
            body = error_body("method_not_allowed", "This method is not allowed for this address.")
            return JSONResponse(body, 405, headers={"allow": methods_of(request.url.path)})
        case HTTPException():
            problem = Invalid("The request could not be read.")
        case DBAPIError() if request.app.state.app_state.store.database.is_replaced():
            problem = NotReady(REPLACED)
        case OperationalError() if "full" in str(error.orig):
            problem = InsufficientStorage("The disk that holds the database is full.")
        case DBAPIError() if is_damage(error):
            problem = DatabaseCorrupt(DAMAGED)
        case DBAPIError():
            log.warning("the database is not available: %s", error.orig)
            problem = NotReady("The database is temporarily unavailable. Try again in a moment.")
        case _:
            body = error_body("internal", "Internal error. The server's log has the details.")
            return JSONResponse(body, 500)
    headers = {"retry-after": "1"} if problem.status_code in (429, 503) else None
    return JSONResponse(problem.body(), problem.status_code, headers=headers)
