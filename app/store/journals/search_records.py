"""The records of a search's journal: what became of the search."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias

from babysit.protocol.message import Message, by_kind
from babysit.protocol.serialization import now, to_json

from .validated import validated

__all__ = [
    "ALLOWED",
    "KINDS",
    "RepeatAsked",
    "RoundBegan",
    "SearchCommand",
    "SearchCommandSent",
    "SearchEvent",
    "SearchStatus",
    "SearchStatusChanged",
    "TrialEnded",
    "TrialSampled",
    "event_in",
    "to_json",
]

SearchStatus: TypeAlias = Literal["queued", "running", "paused", "finished", "stopped"]
SearchCommand: TypeAlias = Literal["pause", "resume", "stop"]
Ended: TypeAlias = Literal["diverged", "stopped_early"]

# The commands that each status allows. A command without effect is not an error.
ALLOWED: dict[str, tuple[SearchCommand, ...]] = {
    "queued": ("pause", "stop"),
    "running": ("pause", "stop"),
    "paused": ("resume", "stop"),
    "finished": (),
    "stopped": (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchEvent(Message):
    """The field of every record: the wall time, for display."""

    at: str = field(default_factory=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchStatusChanged(SearchEvent):
    """The search's status moved."""

    kind: ClassVar[str] = "search_status"
    status: SearchStatus
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchCommandSent(SearchEvent):
    """A command was sent; the next record has its effect."""

    kind: ClassVar[str] = "search_command"
    command: SearchCommand
    actor: str = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundBegan(SearchEvent):
    """Trials are sampled from this box from here on. kept: the runs that it surrounds."""

    kind: ClassVar[str] = "round_began"
    round: int
    space: dict[str, Any]
    kept: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSampled(SearchEvent):
    """A trial was sampled: recorded before its run exists, so that a crash loses none."""

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
    """A trial is to be repeated with other seeds."""

    kind: ClassVar[str] = "repeat_asked"
    run_id: int
    seeds: list[int]
    actor: str = "owner"


KINDS: dict[str, type[SearchEvent]] = by_kind(
    (
        SearchStatusChanged,
        SearchCommandSent,
        RoundBegan,
        TrialSampled,
        TrialEnded,
        RepeatAsked,
    )
)


def event_in(body: Any) -> SearchEvent | None:
    """The event, with every field checked; None: this version does not know it."""
    return validated(KINDS, body) if isinstance(body, dict) else None
