"""Sessions: a token is exchanged for a cookie."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response, status

from ...errors import Unauthorized
from ...security.tokens import VIEWER
from ...store.sessions import sha256
from ..deps import AppStateDep, sessions_of
from ..schemas.requests import SignIn
from ..schemas.responses import DataDirectory, TokenToWatch, Who

router = APIRouter(prefix="/api/session", tags=["session"])


@router.post("", status_code=status.HTTP_204_NO_CONTENT)
def sign_in(requested: SignIn, state: AppStateDep, request: Request) -> Response:
    """Exchange a token for a session cookie."""
    client = request.client.host if request.client else ""
    role = state.tokens.role_of(requested.token.encode(), client)
    if role is None:
        raise Unauthorized("This is not the token of this server.")
    answer = Response(status_code=status.HTTP_204_NO_CONTENT)
    answer.set_cookie(
        state.cookie_name,
        state.sessions.sign_in(role, requested.token),
        max_age=30 * 24 * 3600,
        path=state.cookie_path,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return answer


@router.delete("", status_code=status.HTTP_204_NO_CONTENT)
def sign_out(state: AppStateDep, request: Request) -> Response:
    """End the session and its open streams; all sessions, if the browser sends several."""
    for cookie in sessions_of(request):
        state.sessions.sign_out(cookie)
        state.broker.end_session(sha256(cookie))
    answer = Response(status_code=status.HTTP_204_NO_CONTENT)
    answer.delete_cookie(
        state.cookie_name, path=state.cookie_path, httponly=True, samesite="strict"
    )
    return answer


@router.get("")
def who_am_i(request: Request) -> Who:
    """The role of the caller."""
    return Who(role=request.state.role)


@router.get("/link")
def link_to_watch(state: AppStateDep) -> TokenToWatch:
    """The token of the viewer link (after `#t=`). For the owner only."""
    return TokenToWatch(token=state.tokens.of(VIEWER))


@router.get("/data-directory")
def data_directory(state: AppStateDep, request: Request) -> DataDirectory:
    """Where the server keeps its runs, for a script on the same machine. Only the owner is told."""
    if request.state.role == VIEWER:
        return DataDirectory(data_dir=None)
    return DataDirectory(data_dir=str(state.settings.data_dir.resolve()))
