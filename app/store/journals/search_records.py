"""The records of a search's journal: what became of the search."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, Literal, TypeAlias

from pydantic import TypeAdapter, ValidationError

from babysit.protocol.serialization import fields_of, now

SearchStatus: TypeAlias = Literal["queued", "running", "paused", "finished", "stopped"]
SearchCommand: TypeAlias = Literal["pause", "resume", "stop"]
Ended: TypeAlias = Literal["diverged", "stopped_early"]

# What may be asked in each status. Asking for what is so already is no mistake.
ALLOWED: dict[str, tuple[SearchCommand, ...]] = {
    "queued": ("pause", "stop"),
    "running": ("pause", "stop"),
    "paused": ("resume", "stop"),
    "finished": (),
    "stopped": (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchEvent:
    """What every record has: the wall time, for display."""

    kind: ClassVar[str] = ""
    at: str = field(default_factory=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchStatusChanged(SearchEvent):
    """The search's status moved."""

    kind: ClassVar[str] = "search_status"
    status: SearchStatus
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchCommandSent(SearchEvent):
    """Somebody asked it; what follows is in the next record."""

    kind: ClassVar[str] = "search_command"
    command: SearchCommand
    actor: str = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundBegan(SearchEvent):
    """From here on trials are drawn from this box, which was drawn around the runs in `kept`."""

    kind: ClassVar[str] = "round_began"
    round: int
    space: dict[str, Any]
    kept: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSampled(SearchEvent):
    """A trial is to be made: said before its run exists, so that a crash in between loses none."""

    kind: ClassVar[str] = "trial_drawn"
    number: int
    round: int
    run_id: int
    values: dict[str, float | int | bool | str]
    seed: int
    repeat_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEnded(SearchEvent):
    """The search itself ends a trial: it diverged, or the others were better at this step."""

    kind: ClassVar[str] = "trial_ended"
    number: int
    outcome: Ended
    step: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatAsked(SearchEvent):
    """Somebody wants a run's values tried with other seeds."""

    kind: ClassVar[str] = "repeat_asked"
    run_id: int
    seeds: list[int]
    actor: str = "owner"


KINDS: dict[str, type[SearchEvent]] = {
    event.kind: event
    for event in (
        SearchStatusChanged,
        SearchCommandSent,
        RoundBegan,
        TrialSampled,
        TrialEnded,
        RepeatAsked,
    )
}


def to_json(event: SearchEvent) -> dict[str, Any]:
    return {"kind": event.kind, **fields_of(event)}


def event_in(body: Any) -> SearchEvent | None:
    """The event, checked in every field; None: it is none that this version knows."""
    if not isinstance(body, dict) or body.get("kind") not in KINDS:
        return None
    try:
        return _adapter(body["kind"]).validate_python(body)
    except ValidationError:
        return None


@cache
def _adapter(kind: str) -> TypeAdapter[SearchEvent]:
    return TypeAdapter(KINDS[kind])
