"""Looks at the first turns of a script: what there is, what comes back, what is carried."""

from __future__ import annotations

import inspect
from types import FrameType
from typing import Any

from babysit.attached.checks.carried import carried_around, source_of
from babysit.attached.checks.iterators import begun_anew
from babysit.attached.session import ScriptSession

LOOK_AT_TURNS = 3


def look(session: ScriptSession, frame: FrameType, turns: int, *, is_new: bool) -> None:
    """Look at a boundary. frame: of the script's loop. turns: done in this process."""
    training = session.training
    training.find_optimizers()
    if turns == 0 and is_new:
        session.round_trip.remember(training.parts)
    if turns == LOOK_AT_TURNS and not session.round_trip.is_over:
        known, perhaps = session.round_trip.problems(training.parts)
        session.approximate(known)
        session.approximate(perhaps, is_known=False)
    if not session.carried.is_over and turns:
        _look_for_carried(session, frame)
    if session.settings is not None:
        session.settings.observe(is_in_loop=turns > 1)
    session.declare()


def _look_for_carried(session: ScriptSession, frame: Any) -> None:
    """Say which values are carried from turn to turn, as far as that can be seen."""
    known = known_ids(session)
    changed = session.carried.look(frame, known)
    if changed is None:
        return
    source = source_of(frame) if isinstance(frame, FrameType) else None
    if source is not None:
        anew = begun_anew(*source, is_kept=lambda name: id(value_of(frame, name)) in known)
        session.approximate(anew, is_known=False)
    carried = read_carried(frame, known)
    session.approximate(list(carried.values()), is_known=False)
    for name in changed:
        if name not in carried:
            said = (
                f"The loop changes {name} from turn to turn, and nothing keeps it: "
                f"add `own = run.keep({name}={name})`, or attach it."
            )
            session.approximate([said], is_known=False)


def read_carried(frame: Any, known: set[int]) -> dict[str, str]:
    """Plain values that the loop carries, by name, with what is to be said of each. The loop of a
    framework is not read.
    """
    if not isinstance(frame, FrameType):
        return {}
    source = source_of(frame)
    values = {**frame.f_globals, **frame.f_locals}
    return {
        item.name: f"The loop carries {item.name} from turn to turn (it is set in line "
        f"{item.set_at}, and read before that in line {item.read_at}), and nothing keeps it: add "
        f"`own = run.keep({item.name}={item.name})` before the loop, and use own.{item.name}."
        for item in ([] if source is None else carried_around(*source))
        if id(values.get(item.name)) not in known and not callable(values.get(item.name))
    }


def value_of(frame: FrameType, dotted: str) -> Any:
    """What a name of a frame stands for, such as `self.batches`; None: it is not there."""
    first, *rest = dotted.split(".")
    found = frame.f_locals.get(first, frame.f_globals.get(first))
    for name in rest:
        found = inspect.getattr_static(found, name, None)
    return found


def known_ids(session: ScriptSession) -> set[int]:
    """Of all that is attached or kept, and of what belongs to it."""
    parts, kept = session.training.parts, session.training.kept
    known = {id(part.value) for part in parts.by_name.values()}
    known |= {id(item) for network in parts.modules().values() for item in network.modules()}
    known |= {id(item) for item in parts.parameters().values()}
    for optimizer in parts.optimizers().values():
        known |= {id(optimizer.param_groups), *map(id, optimizer.param_groups)}
    for space in kept.namespaces:
        known |= {id(space), *map(id, vars(space).values())}
    return known
