"""Errors that a request is answered with.

    Problem
    ├── NotFound           404  there is no such thing
    ├── NotAllowedNow      409  the state of the run does not allow it; says what it does allow
    ├── Invalid            422  a value is wrong; says which field and what would be right
    ├── TooMany            429  a limit is reached; later it may be possible
    ├── NotReady           503  the server cannot do this yet
    ├── Damaged            500  the database holds something that cannot be read
    └── NoRoom             507  the disk is full

Each has a message for users that never repeats their input. `app/main.py` turns errors into
responses. The security middleware answers with the same body (`app/security/middleware.py`).
"""

from __future__ import annotations

from typing import Any


class APIError(Exception):
    """An error with a message for the user."""

    status_code: int = 500
    error: str = "internal"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details  # field, allowed, state

    def body(self) -> dict[str, Any]:
        return error_body(self.error, self.message, **self.details)


class Unauthorized(APIError):
    """The token or the session is not valid, or not any more."""

    status_code = 401
    error = "unauthorized"


class NotFound(APIError):
    """The run, command, checkpoint or page does not exist."""

    status_code = 404
    error = "not_found"


class NotAllowed(APIError):
    """The current state does not allow this; `state` names it and `allowed` what it allows."""

    status_code = 409
    error = "not_allowed_now"


class Invalid(APIError):
    """A value is invalid; `field` names it and the message says what is allowed."""

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
    """The server cannot do this yet, or temporarily not."""

    status_code = 503
    error = "not_ready"


class DatabaseCorrupt(APIError):
    """The database is corrupt; it can be rebuilt from the journals."""

    error = "damaged"


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


class CannotReplay(CommandError):
    """The recipe could not be replayed."""


def error_body(error: str, message: str, **details: Any) -> dict[str, Any]:
    """The body of every error response."""
    given = {name: value for name, value in details.items() if value is not None}
    return {"error": error, "message": message, **given}
