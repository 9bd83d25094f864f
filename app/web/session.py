"""Who is there: the token is exchanged for a cookie, once."""

from __future__ import annotations

import hmac

from fastapi import APIRouter, Request, Response, status

from app.errors import Problem
from app.web.answers import Who
from app.web.bodies import SignIn
from app.web.parts import PartsOf

router = APIRouter(prefix="/api/session", tags=["session"])


class WrongToken(Problem):
    """Somebody tried to sign in with something that is not the token."""

    status_code = 401
    error = "unauthorized"


@router.post("", status_code=status.HTTP_204_NO_CONTENT)
def sign_in(asked: SignIn, parts: PartsOf, request: Request) -> Response:
    token = parts.settings.token or ""
    if not hmac.compare_digest(asked.token.encode(), token.encode()):
        raise WrongToken("This is not the token of this server.")
    answer = Response(status_code=status.HTTP_204_NO_CONTENT)
    answer.set_cookie(
        parts.cookie_name,
        parts.sessions.sign_in(),
        max_age=30 * 24 * 3600,
        path="/",
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
    answer = Response(status_code=status.HTTP_204_NO_CONTENT)
    answer.delete_cookie(parts.cookie_name, path="/", httponly=True, samesite="strict")
    return answer


@router.get("")
def who_am_i(request: Request) -> Who:
    return Who(role=request.state.role)
