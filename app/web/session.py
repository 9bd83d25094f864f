"""Who is there: the token is exchanged for a cookie, once."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response, status

from app.errors import Problem
from app.store.sessions import sha256
from app.tokens import VIEWER
from app.web.answers import TokenToWatch, Who
from app.web.bodies import SignIn
from app.web.parts import PartsOf

router = APIRouter(prefix="/api/session", tags=["session"])


class WrongToken(Problem):
    """Somebody tried to sign in with something that is not the token."""

    status_code = 401
    error = "unauthorized"


@router.post("", status_code=status.HTTP_204_NO_CONTENT)
def sign_in(asked: SignIn, parts: PartsOf, request: Request) -> Response:
    client = request.client.host if request.client else ""
    role = parts.tokens.role_of(asked.token.encode(), client)
    if role is None:
        raise WrongToken("This is not the token of this server.")
    answer = Response(status_code=status.HTTP_204_NO_CONTENT)
    answer.set_cookie(
        parts.cookie_name,
        parts.sessions.sign_in(role, asked.token),
        max_age=30 * 24 * 3600,
        path=parts.cookie_path,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return answer


@router.delete("", status_code=status.HTTP_204_NO_CONTENT)
def sign_out(parts: PartsOf, request: Request) -> Response:
    cookie = request.cookies.get(parts.cookie_name)
    if cookie:
        parts.sessions.sign_out(cookie)
        parts.hub.end_session(sha256(cookie))
    answer = Response(status_code=status.HTTP_204_NO_CONTENT)
    answer.delete_cookie(
        parts.cookie_name, path=parts.cookie_path, httponly=True, samesite="strict"
    )
    return answer


@router.get("")
def who_am_i(request: Request) -> Who:
    return Who(role=request.state.role)


@router.get("/link")
def link_to_watch(parts: PartsOf) -> TokenToWatch:
    """For the owner only: what stands behind `#t=` in a link for those who are to watch."""
    return TokenToWatch(token=parts.tokens.of(VIEWER))
