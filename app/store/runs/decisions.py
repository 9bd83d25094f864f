"""What decided the future of a run, in the order in which it happened, and which checkpoint holds
how much of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from babysit.protocol.commands import CANCELLED
from babysit.protocol.recipes.recipe import DecisionKind
from babysit.protocol.status import RunStatus
from babysit.storage.regular_file import open_regular

from ..tables.runs import EventRow, RunRow

KINDS = (
    "command_sent",
    "changed",
    "change_scheduled",
    "applied",
    "refused",
    "checkpoint_saved",
    "status_changed",
)
STATE_BYTES_MAX = 10_000_000  # of `state.json`, which a worker wrote
DECIDE = ("extend", "cancel", "fork")  # of the commands that are `applied`

EventPosition = tuple[int, int]  # attempt and seq: the place in the run's journals


@dataclass(frozen=True, slots=True)
class Decision:
    """Something that was done between two updates.

    command_id: what asked for it; for `scheduled`, for the change that was made now.
    fields: of a command that no row holds; of a `cancel`, what it withdraws.
    at_step: what a `set` waits for.
    """

    order: EventPosition
    step: int
    kind: DecisionKind
    command_id: int
    completed: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    at_step: int | None = None

    def is_made_at(self, step: int) -> bool:
        return self.kind == "scheduled" and self.step == step

    def waits_until(self, step: int) -> bool:
        return self.at_step is not None and self.at_step <= step


@dataclass(frozen=True, slots=True)
class SavedState:
    """A checkpoint as it was announced."""

    order: EventPosition
    step: int
    cause: str
    command_id: int | None
    directory: str
    weights_sha256: str
    state_sha256: str


@dataclass(slots=True)
class Decisions:
    """Of one run."""

    decisions: list[Decision] = field(default_factory=list)
    checkpoints: dict[int, SavedState] = field(default_factory=dict)  # by id


def decisions_of(session: Session, run: RunRow) -> Decisions:
    """All that the workers of a run did and saved before its end."""
    query = select(EventRow).where(EventRow.run_id == run.id, EventRow.kind.in_(KINDS))
    found, spec = Decisions(), set[int]()
    for event in session.scalars(query.order_by(EventRow.attempt, EventRow.seq)):
        body = event.body
        if event.kind == "command_sent":
            spec.add(body["command_id"])
        elif event.attempt == 0:
            continue
        elif event.kind == "checkpoint_saved":
            found.checkpoints[body["checkpoint_id"]] = SavedState(
                order=(event.attempt, event.seq),
                step=event.step,
                cause=body["cause"],
                command_id=body["command_id"],
                directory=body["directory"],
                weights_sha256=body["weights_sha256"],
                state_sha256=body["state_sha256"],
            )
        elif event.kind == "status_changed":
            if RunStatus(body["status"]).is_over:
                break  # what is refused then was not decided by anybody
        elif (act := _act(event, spec, found.decisions)) is not None:
            found.decisions.append(act)
    found.decisions.sort(
        key=lambda act: act.step
    )  # stable; a later attempt goes on where one ended
    return found


def _act(event: EventRow, spec: set[int], earlier: list[Decision]) -> Decision | None:
    """What an event says was done; None when it decided nothing."""
    body, ident = event.body, event.body["command_id"]
    order = (event.attempt, event.seq)
    completed = {name: body.get(name) for name in ("before", "after")}
    match event.kind:
        case "changed":
            completed["first_update"] = body["effective_step"]
            kind: DecisionKind = "scheduled" if body["scheduled"] else "set"
            return Decision(order, event.step, kind, ident, completed)
        case "change_scheduled" if ident in spec:  # if not, a fork took it over
            return Decision(order, event.step, "set", ident, at_step=body["at_step"])
        case "applied" if body["command_kind"] in DECIDE:
            fields = {"command_id": body["before"].get("scheduled")}
            if body["command_kind"] == "cancel":
                completed = {}
            return Decision(order, event.step, body["command_kind"], ident, completed, fields)
        case "refused" if body["reason"] != CANCELLED and _waits(earlier, ident):
            note = f"refused: {body['reason']}"  # what was right when it was asked for
            return Decision(order, event.step, "scheduled", ident, {"note": note})
    return None


def _waits(decisions: list[Decision], command_id: int) -> bool:
    own = [act for act in decisions if act.command_id == command_id]
    return bool(own) and own[-1].at_step is not None


def contained(decisions: Decisions, saved: SavedState, directory: Path | None) -> int | None:
    """How many of a run's acts a checkpoint contains; None when that cannot be told.

    directory: of the run, for what only the checkpoint itself knows; None: do not look there.
    """
    before = sum(1 for act in decisions.decisions if act.step < saved.step)
    here = [act for act in decisions.decisions if act.step == saved.step]
    earlier = sum(1 for act in here if act.order < saved.order)
    match saved.cause:
        case "end":
            return before + len(here)
        case "change":  # it was saved before the change it names
            places = [n for n, act in enumerate(here) if act.command_id == saved.command_id]
            return before + (places[0] if places else earlier)
        case "pause":  # it was announced before anything else was done
            return before + earlier
        case "user" if here:
            return None if directory is None else _read(directory, saved, before, here)
        case _:
            return before


def _read(directory: Path, saved: SavedState, before: int, here: list[Decision]) -> int | None:
    try:
        path = directory / "checkpoints" / saved.directory / "state.json"
        with open_regular(path, STATE_BYTES_MAX) as file:
            state = json.loads(file.read())
        waiting = {change["command_id"] for change in state["scheduled"]}
        last = int(state["last_command_id"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    held = (
        act.command_id not in waiting if act.kind == "scheduled" else act.command_id <= last
        for act in here
    )
    return before + sum(held)
