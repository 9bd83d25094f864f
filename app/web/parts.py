"""What the routes are given: the parts of the application, and each request's own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse

from app.catalog import Catalog
from app.errors import Invalid
from app.limits import KEY_CHARACTERS_MAX
from app.settings import Settings
from app.store.once import earlier_answer, keep_answer
from app.store.sessions import Sessions
from app.store.store import Store, Write
from app.tokens import Tokens
from app.web.hub import Hub


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a route may use.

    wake: tell the launcher that there may be something to do.
    cookie_name: of the session cookie; another one on each port, as cookies know no ports.
    cookie_path: below which the cookie is sent.
    """

    settings: Settings
    store: Store
    catalog: Catalog
    hub: Hub
    tokens: Tokens
    sessions: Sessions
    wake: Callable[[], None]
    cookie_name: str
    cookie_path: str


def parts_of(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


PartsOf = Annotated[Parts, Depends(parts_of)]


@dataclass(frozen=True, slots=True)
class Once:
    """Carries a POST out once for each Idempotency-Key; without a key, each time."""

    store: Store
    key: str | None
    request_sha256: str

    def answer(
        self, status_code: int, act: Callable[[Write], dict[str, Any]], **other_codes: int
    ) -> JSONResponse:
        """What `act` returns, or what it returned before. It runs inside a transaction.

        other_codes: `no_op=200` is the status code of an answer whose `status` is no_op.
        """
        with self.store.writing() as write:
            if self.key is not None:
                earlier = earlier_answer(write, self.key, self.request_sha256)
                if earlier is not None:
                    return JSONResponse(earlier[1], earlier[0])
            answer = act(write)
            code = other_codes.get(str(answer.get("status")), status_code)
            if self.key is not None:
                keep_answer(write, self.key, self.request_sha256, code, answer)
        return JSONResponse(answer, code)


async def once_of(
    request: Request,
    idempotency_key: Annotated[
        str | None, Header(json_schema_extra={"minLength": 1, "maxLength": KEY_CHARACTERS_MAX})
    ] = None,
) -> Once:
    """The key of a request, and a fingerprint of what it asks.

    Raises:
        Invalid: the key is too long or no plain text.
    """
    key = idempotency_key
    if key is not None and not (0 < len(key) <= KEY_CHARACTERS_MAX and key.isprintable()):
        raise Invalid(
            f"A key has 1 to {KEY_CHARACTERS_MAX} printable characters.", field="Idempotency-Key"
        )
    asked = f"{request.method} {request.url.path}\n".encode() + await request.body()
    return Once(parts_of(request).store, key, hashlib.sha256(asked).hexdigest())


OnceOf = Annotated[Once, Depends(once_of)]
