"""Events as rows: how they are asked for and what they look like outside."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .event_summary import summarize
from .tables.runs import EventRow


def event_json(row: EventRow) -> dict[str, Any]:
    place = {"id": row.id, "run_id": row.run_id, "attempt": row.attempt, "seq": row.seq}
    event = {**place, **row.body, "step": row.step, "kind": row.kind}
    return {**event, "summary": summarize(event)}


def read_events(
    session: Session,
    run_ids: Collection[int] | None,
    *,
    after: int | None = None,
    before: int | None = None,
    kinds: Collection[str] = (),
    limit: int,
    newest_first: bool = False,
) -> list[dict[str, Any]]:
    """Events by their SQL id, of some runs or (None) of all."""
    query = select(EventRow).limit(limit)
    if run_ids is not None:
        query = query.where(EventRow.run_id.in_(run_ids))
    if after is not None:
        query = query.where(EventRow.id > after)
    if before is not None:
        query = query.where(EventRow.id < before)
    if kinds:
        query = query.where(EventRow.kind.in_(kinds))
    order = EventRow.id.desc() if newest_first else EventRow.id
    return [event_json(row) for row in session.scalars(query.order_by(order))]


def head(session: Session) -> int:
    """The newest event id; 0 when nothing ever happened."""
    return session.scalar(select(EventRow.id).order_by(EventRow.id.desc()).limit(1)) or 0


def is_id(session: Session, event_id: int) -> bool:
    """Whether an event has this id."""
    return session.get(EventRow, event_id) is not None


def with_corrections(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events in which each note has its newest text, for a reader who does not want its history."""
    notes = {event["seq"]: event for event in events if event["kind"] == "note_added"}
    newest = {event.get("replaces") or seq: event for seq, event in notes.items()}
    return [
        {**event, "text": newest[event["seq"]]["text"]} if event["kind"] == "note_added" else event
        for event in events
        if event["kind"] != "note_added" or not event.get("replaces")
    ]


def newest_of_kind(session: Session, run_id: int, kind: str) -> list[EventRow]:
    """All events of one kind, oldest first."""
    query = select(EventRow).where(EventRow.run_id == run_id, EventRow.kind == kind)
    return list(session.scalars(query.order_by(EventRow.id)))
