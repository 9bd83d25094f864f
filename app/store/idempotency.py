"""A POST that names a key is carried out once: sent again, it gets the same answer."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from babysit.storage.journal import to_jsonable

from ..errors import Invalid
from .store import Transaction
from .tables.runs import IdempotencyKeyRow

KEPT_S = 48 * 3600.0


def find_response(
    tx: Transaction, key: str, request_sha256: str
) -> tuple[int, dict[str, Any]] | None:
    """Status code and body of the answer that this key got before; None for a new key.

    Raises:
        Invalid: the key was used for another request.
    """
    row = tx.session.get(IdempotencyKeyRow, key)
    if row is None:
        return None
    if row.request_sha256 != request_sha256:
        raise Invalid(
            "This key was used for another request. Take a new one.", field="Idempotency-Key"
        )
    return row.status_code, row.answer


def save_response(
    tx: Transaction,
    key: str,
    request_sha256: str,
    response: tuple[int, dict[str, Any]],
    at_s: float,
) -> None:
    """In the same transaction as what the request did, so that a crash keeps both or neither.

    response: status code and body. at_s: of the store's steady clock.
    """
    status_code, answer = response
    tx.answered = {
        "key": key,
        "request_sha256": request_sha256,
        "status_code": status_code,
        "answer": to_jsonable(answer),
        "created_at_s": at_s,
    }
    restore_response(tx.session, tx.answered)


def restore_response(session: Session, answered: dict[str, Any]) -> None:
    """Keep the answer, and forget those that are too old by then."""
    too_old_s = answered["created_at_s"] - KEPT_S
    session.execute(delete(IdempotencyKeyRow).where(IdempotencyKeyRow.created_at_s < too_old_s))
    session.add(IdempotencyKeyRow(**answered))
