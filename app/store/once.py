"""A POST that names a key is carried out once: sent again, it gets the same answer."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import delete

from app.errors import Invalid
from app.store.store import Write
from app.store.tables import IdempotencyKeyRow

KEPT_S = 48 * 3600.0


def earlier_answer(
    write: Write, key: str, request_sha256: str
) -> tuple[int, dict[str, Any]] | None:
    """Status code and body of the answer that this key got before; None for a new key.

    Raises:
        Invalid: the key was used for another request.
    """
    row = write.session.get(IdempotencyKeyRow, key)
    if row is None:
        return None
    if row.request_sha256 != request_sha256:
        raise Invalid(
            "This key was used for another request. Take a new one.", field="Idempotency-Key"
        )
    return row.status_code, row.answer


def keep_answer(
    write: Write, key: str, request_sha256: str, status_code: int, answer: dict[str, Any]
) -> None:
    """In the same transaction as what the request did, so that a crash keeps both or neither."""
    write.session.execute(
        delete(IdempotencyKeyRow).where(IdempotencyKeyRow.created_at_s < time.time() - KEPT_S)
    )
    write.session.add(
        IdempotencyKeyRow(
            key=key,
            request_sha256=request_sha256,
            status_code=status_code,
            answer=answer,
            created_at_s=time.time(),
        )
    )
