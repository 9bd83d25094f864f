"""Looks at the first turns of a script: what there is, what comes back, what is carried."""

from __future__ import annotations

import inspect
from types import FrameType, GeneratorType
from typing import Any

from babysit.attached.checks.carried import carried_around, filled_in, source_of
from babysit.attached.checks.exactness import CONTAINERS
from babysit.attached.checks.frames import is_own
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
    if session.settings is not None:
        session.settings.observe(is_in_loop=turns > 1)
    session.declare()


def is_new_loop(session: ScriptSession, frame: Any) -> bool:
    """Whether the loop that begins is one that was not looked at. frame: of the script."""
    carried = session.carried
    carried.site = getattr(frame, "f_code", None), getattr(frame, "f_lineno", 0)
    return carried.site not in carried.sites


def look_for_carried(session: ScriptSession, frame: Any) -> bool:
    """Look between two turns of a loop for values that it carries. Returns: whether to go on."""
    carried = session.carried
    changed = carried.look(frame, known_ids(session))
    read = read_loop(session, frame)
    if changed is None:
        return True
    carried.sites.add(carried.site)
    for name in changed:
        if name not in read:
            session.approximate([_to_keep(name)], is_known=False)
    return False


def read_loop(session: ScriptSession, frame: Any) -> set[str]:
    """Read the source around a loop, and say what it carries and nobody keeps. The loop of a
    framework is not read.

    Returns:
        The names of what it carries.
    """
    source = source_of(frame) if isinstance(frame, FrameType) else None
    if source is None:
        return set()
    known, values = known_ids(session), {**frame.f_globals, **frame.f_locals}
    anew = begun_anew(*source, is_kept=lambda name: _goes_on(value_of(frame, name), known))
    carried = {
        item.name: f"The loop carries {item.name} from turn to turn (it is set in line "
        f"{item.set_at}, and {'read before that' if item.read_at <= item.set_at else 'read'} in "
        f"line {item.read_at}), and nothing keeps it: add "
        f"`own = run.keep({item.name}={item.name})` before the loop, and use own.{item.name}."
        for item in carried_around(*source)
        if id(values.get(item.name)) not in known and not callable(values.get(item.name))
    }
    filled = {
        name: _to_keep(name)
        for name in sorted(filled_in(*source[:2]) - carried.keys())
        if isinstance(values.get(name), CONTAINERS) and id(values[name]) not in known
    }
    session.approximate([*anew, *carried.values(), *filled.values()], is_known=False)
    return {*carried, *filled}


def _to_keep(name: str) -> str:
    """What is said of what a loop changes in place."""
    said = f"The loop changes {name} from turn to turn, and nothing keeps it: "
    if "." not in name:
        return f"{said}add `own = run.keep({name}={name})`, or attach it."
    holder, _, attribute = name.rpartition(".")
    return (
        f"{said}add `own = run.keep({attribute}={name})` and use own.{attribute}, or give {holder} "
        f"state_dict and load_state_dict, and attach it."
    )


def _goes_on(iterator: Any, known: set[int]) -> bool:
    """Whether an iterator goes on in its place where a run is continued."""
    is_loop = isinstance(iterator, GeneratorType) and is_own(iterator.gi_code)
    return is_loop or id(iterator) in known


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
