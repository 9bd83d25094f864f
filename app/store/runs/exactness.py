"""Whether a run can be repeated to the last bit, as far as its events say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from babysit.protocol.events import Exactness

from ..tables.runs import EventRow

NOT_PROVED = "No step of this run was made twice so far."
REASONS_MAX = 20


# The words of scripts, whose state is only as whole as what was attached.
LEVELS = {"exact": "proved", "not proved": "seen"}


def read_exactness(session: Session, run_id: int, *, is_script: bool = False) -> dict[str, Any]:
    """The worst that was found, and the last step up to which all was equal."""
    query = (
        select(EventRow.body)
        .where(EventRow.run_id == run_id, EventRow.kind == Exactness.kind)
        .order_by(EventRow.id)
    )
    found = combined(session.scalars(query))
    if is_script:
        found["level"] = LEVELS.get(found["level"], found["level"])
    return found


def combined(bodies: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """level: "exact", "approximate" or "not proved"; reasons: why it is not exact."""
    level, reasons, proved_at = "not proved", list[str](), None
    for body in bodies:
        reasons += [reason for reason in body.get("reasons", ()) if reason not in reasons]
        if body["level"] == "exact":
            proved_at = max(proved_at or 0, body.get("proved_at_step") or 0)
        if body["level"] == "approximate" or (body["level"] == "exact" and level == "not proved"):
            level = body["level"]
    if level == "not proved" and not reasons:
        reasons = [NOT_PROVED]
    if level == "exact":
        reasons = []
    return {"level": level, "reasons": reasons[:REASONS_MAX], "proved_at_step": proved_at}
