"""The errors that people see.

    APIError                     ends a request
    ├── RequestRejected          chosen by the security middleware, before any route
    ├── Unauthorized        401  the token or the session is not valid
    ├── NotFound            404  there is nothing at this address
    ├── NotAllowed          409  the current state does not allow it
    ├── Invalid             422  a value is wrong
    ├── TooManyRequests     429  a published limit is reached
    ├── DatabaseCorrupt     500  the database holds something that cannot be read
    ├── NotReady            503  the server cannot do this yet
    └── InsufficientStorage 507  the disk is full
    CommandError                 ends a command, which prints the message
    ├── UnusableDatabase         the database is damaged, foreign or missing
    ├── NewerDatabase            the database was written by a newer version
    ├── CannotRebuild            a rebuild changed nothing
    ├── CannotBackUp             a backup was not written
    └── CannotReplay             a recipe could not be replayed

Each carries one sentence to show, which never repeats the input that caused the error. An
`APIError` becomes the body that `error_body` describes, in `app/main.py` or in the middleware.
"""

from __future__ import annotations

from typing import Any


class APIError(Exception):
    """Ends a request with a status code, an error code and a sentence."""

    status_code: int = 500
    error: str = "internal"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details  # field, allowed, state

    def body(self) -> dict[str, Any]:
        return error_body(self.error, self.message, **self.details)


class RequestRejected(APIError):
    """The security middleware does not let the request through."""

    def __init__(self, status_code: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.error = error


class Unauthorized(APIError):
    """The token or the session of the request is not valid, or not any more."""

    status_code = 401
    error = "unauthorized"


class NotFound(APIError):
    """There is no such run, search, command, checkpoint or page."""

    status_code = 404
    error = "not_found"


class NotAllowed(APIError):
    """The current state does not allow this; `state` and `allowed` say what it allows."""

    status_code = 409
    error = "not_allowed_now"


class Invalid(APIError):
    """A value cannot be used; `field` names it, and the sentence says what would be valid."""

    status_code = 422
    error = "invalid"


class TooManyRequests(APIError):
    """A published limit is reached; the request may succeed later."""

    status_code = 429
    error = "too_many"


class DatabaseCorrupt(APIError):
    """The database holds something that cannot be read; it can be rebuilt from the journals."""

    error = "damaged"


class NotReady(APIError):
    """The server cannot do this yet, or is busy."""

    status_code = 503
    error = "not_ready"


class InsufficientStorage(APIError):
    """The disk that holds the database is full."""

    status_code = 507
    error = "no_room"


class CommandError(Exception):
    """Ends a command of `babysit`; the message says why."""


class UnusableDatabase(CommandError):
    """The database is damaged, not one of Babysit, or missing while there are runs."""


class NewerDatabase(CommandError):
    """The database was written by a newer version."""


class CannotRebuild(CommandError):
    """The database could not be rebuilt; the old one, if there is one, is unchanged."""


class CannotBackUp(CommandError):
    """The backup could not be written; what there is was not changed."""


class CannotReplay(CommandError):
    """The recipe could not be replayed."""


def error_body(error: str, message: str, **details: Any) -> dict[str, Any]:
    """The body of every error response."""
    shown = {name: value for name, value in details.items() if value is not None}
    return {"error": error, "message": message, **shown}
