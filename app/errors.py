"""What can go wrong and be told to a person.

    Problem
    ├── NotFound           404  there is no such thing
    ├── NotAllowedNow      409  the state of the run does not allow it; says what it does allow
    ├── Invalid            422  a value is wrong; says which field and what would be right
    ├── TooMany            429  a limit is reached; later it may be possible
    ├── NotReady           503  the server cannot do this yet
    ├── Damaged            500  the database holds something that cannot be read
    └── NoRoom             507  the disk is full

Each carries a sentence fit to show, and never the input that caused it. `app/main.py` turns them
into the one error body. What the security middleware refuses has the same body
(`app/security/middleware.py`).
"""

from __future__ import annotations

from typing import Any, ClassVar


class APIError(Exception):
    """Anything that ends a request with a clear word."""

    status_code: ClassVar[int] = 500
    error: ClassVar[str] = "internal"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details  # field, allowed, state

    def body(self) -> dict[str, Any]:
        return error_body(self.error, self.message, **self.details)


class NotFound(APIError):
    """There is no such run, command, checkpoint or page."""

    status_code = 404
    error = "not_found"


class NotAllowed(APIError):
    """The state of the run does not allow this; `state` and `allowed` say what it does."""

    status_code = 409
    error = "not_allowed_now"


class Invalid(APIError):
    """A value cannot be used; `field` names it and the sentence says what would be right."""

    status_code = 422
    error = "invalid"


class TooManyRequests(APIError):
    """A published limit is reached."""

    status_code = 429
    error = "too_many"


class NotReady(APIError):
    """The server cannot do this yet, or not for the moment."""

    status_code = 503
    error = "not_ready"


class DatabaseCorrupt(APIError):
    """The database holds what nobody wrote; it can be made again from the journals."""

    error = "damaged"


class InsufficientStorage(APIError):
    """The disk that holds the database is full."""

    status_code = 507
    error = "no_room"


def error_body(error: str, message: str, **details: Any) -> dict[str, Any]:
    """The one form of every error answer."""
    known = {name: value for name, value in details.items() if value is not None}
    return {"error": error, "message": message, **known}
