"""Looks at the first turns of a script: what there is, what comes back, what is carried."""

from __future__ import annotations

from types import FrameType

from babysit.attached.session import ScriptSession

LOOK_AT_TURNS = 3


def look(session: ScriptSession, frame: FrameType, turns: int, *, is_new: bool) -> None:
    """Look at a boundary. frame: of the script's loop. turns: done in this process."""
    training = session.training
    training.find_optimizers()
    if turns == 0 and is_new:
        session.round_trip.remember(training.parts)
    if turns == LOOK_AT_TURNS and not session.round_trip.is_over:
        session.approximate(session.round_trip.problems(training.parts))
    if not session.carried.is_over and turns:
        for name in session.carried.look(frame, known_ids(session)):
            said = (
                f"The loop changes {name} from turn to turn, and nothing keeps it: "
                f"add `own = run.keep({name}={name})`, or attach it."
            )
            session.approximate([said], is_known=False)
    if session.settings is not None:
        session.settings.observe(is_in_loop=turns > 1)
    session.declare()


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
