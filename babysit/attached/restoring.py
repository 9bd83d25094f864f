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

NOT_REACHED = "The script ended before the place where its checkpoint was taken."
INSIDE = (
    "A loop of the run began inside a turn of another one. It is a plain loop: its turns are not "
    "counted, and the run cannot be continued inside it."
)
STREAM = (
    "The data come as a stream, so their order could not be compared with that of the checkpoint: "
    "the stream was begun again and passed over what was used."
)
OTHER_ORDER = (
    "The order of the data differs: its sampler keeps a state of its own, such as a count of its "
    "passes. Let it draw from random numbers, or give it set_epoch(epoch)."
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
            end_untrained(session, reason, traceback.format_exc())
        say(reason)
        raise CannotContinue(1) from error
    if here != there:
        problems.append(f"The script's loops differ: this is {here}, the checkpoint {there}.")
    if snapshot.state["order"] != source.digest:
        problems.append(OTHER_ORDER)
    return problems


def end_untrained(session: ScriptSession, reason: str, text: str | None = None) -> None:
    """Say why nothing is trained; `CannotContinue` has to be raised then."""
    session.over(RunStatus.FAILED, reason[:500], text)
    session.recorder.close()


def outcome(
    session: ScriptSession, status: RunStatus, reason: str | None
) -> tuple[RunStatus, str | None]:
    """How the run has ended: a trial that cannot be compared with others has failed."""
    training = session.training
    if status is RunStatus.FINISHED and training.step < (training.limit or 0):
        session.warn_once(
            "short",
            f"Asked for were {training.limit:,} steps; the script's loops ended at step "
            f"{training.step:,}.",
        )
    best, is_trial = session.training.best, session.spec.search is not None
    is_measured = session.evaluated_at >= 0 or best.value is not None
    if status is RunStatus.FINISHED and is_trial and not is_measured:
        name = best.objective.name
        return RunStatus.FAILED, f"The script logged no {name}, by which the search compares."
    return status, reason


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
