"""Pauses a script whose cost has gone wrong. The update itself is the script's, and was made."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from babysit.protocol.events import GuardTripped
from babysit.storage.journal import to_jsonable

if TYPE_CHECKING:
    from babysit.attached.session import ScriptSession

GUARD = "guard"  # reason of the pause


def guard(session: ScriptSession, cost: float) -> None:
    """Pause a run whose cost is no number any more, or has blown up."""
    step = session.training.step
    is_finite = math.isfinite(cost)
    has_diverged = is_finite and session.training.divergence.update(cost)
    if is_finite:
        session.warned.discard("non-finite")
    if is_finite and not has_diverged:
        return
    is_guarded = session.recorder.inbox.guard and session.spec.search is None
    if session.follows_others or not is_guarded:
        return
    if not is_finite and "non-finite" not in session.warned:  # else somebody has decided
        session.warned.add("non-finite")
        word = "NaN" if math.isnan(cost) else "infinite"
        tripped = GuardTripped(
            step=step,
            rule="non_finite",
            series=str(session.cost),
            value=to_jsonable(cost),
            message=f"Training paused at step {step:,}: the cost became {word}. The script "
            "has made this update: rewind to an earlier checkpoint, or go on.",
        )
    elif has_diverged:
        tripped = session.training.divergence.tripped(step)
    else:
        return
    if not session.may_wait:  # started by hand: it would wait for ever, unseen
        session.warn_once(f"guard {tripped.rule}", tripped.message.replace("paused", "went on"))
        return
    session.emit(tripped)
    session.pause(GUARD)
