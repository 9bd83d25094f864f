"""Begins and ends a recording: puts the state of a checkpoint back; says why nothing follows."""

from __future__ import annotations

import contextlib
import traceback

from babysit.attached.safety import CannotContinue
from babysit.attached.say import say
from babysit.attached.session import ScriptSession
from babysit.attached.state.streams import Source
from babysit.attached.state.training import ScriptTraining
from babysit.protocol.events import Warned
from babysit.protocol.status import RunStatus
from babysit.training.checkpoint import Snapshot

OTHER_ORDER = (
    "The order of the data differs: its sampler keeps a state of its own. Let it draw from torch's "
    "random numbers, or give it set_epoch(epoch)."
)


def put_back(
    training: ScriptTraining,
    session: ScriptSession | None,
    snapshot: Snapshot,
    source: Source,
    *,
    is_fork: bool,
) -> list[str]:
    """Put everything back.

    Returns:
        What could not be put back, in words.

    Raises:
        CannotContinue: nothing of it could.
    """
    here, there = training.places.now.to_json(), snapshot.state["position"]
    try:
        problems = training.restore(snapshot, is_fork=is_fork)
    except Exception as error:
        reason = f"The state of the checkpoint cannot be put back: {error!r}"
        if session is not None:
            session.over(RunStatus.FAILED, reason[:500], traceback.format_exc())
            session.recorder.close()
        say(reason)
        raise CannotContinue(1) from error
    if here != there:
        problems.append(f"The script's loops differ: this is {here}, the checkpoint {there}.")
    if snapshot.state["order"] != source.digest:
        problems.append(OTHER_ORDER)
    return problems


def end_recording(session: ScriptSession | None, step: int, error: BaseException) -> None:
    """Say why a run is not recorded any more; its script goes on."""
    text = "".join(traceback.format_exception(error))
    say(f"this run is not recorded any more: {error!r}\n{text}")
    if session is None:
        return
    message = f"Recording failed and has ended: {error!r}"
    with contextlib.suppress(Exception):
        session.emit(Warned(step=step, message=message))
        session.over(RunStatus.LOST, message[:500])
        session.recorder.close()
