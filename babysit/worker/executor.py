"""Carries commands out between two steps, and answers each of them exactly once."""

from __future__ import annotations

import contextlib

from babysit.protocol.commands import (
    Cancel,
    Command,
    Evaluate,
    Extend,
    Fork,
    Pause,
    Resume,
    SaveCheckpoint,
    Set,
    Stop,
)
from babysit.protocol.events import (
    CommandSent,
    Event,
    Exactness,
    Recovered,
    Refused,
    StatusChanged,
    Warned,
)
from babysit.protocol.hyperparameters import InvalidValue
from babysit.protocol.status import RunStatus
from babysit.resume.history import REPLAYED, RecoveryCheck
from babysit.training.controls import ScheduledChange
from babysit.worker import changes
from babysit.worker.base_session import Session
from babysit.worker.inbox import command_of
from babysit.worker.session import TrainingSession

PROOF_STEPS_MIN = 10  # the first cost after a checkpoint is equal also without the optimizer state


def answer_commands(session: Session) -> None:
    """Carry out all commands that have come, and the scheduled changes whose step has come."""
    if session.to_replay or session.replay_check is not None:
        _apply_recorded(session)
    if session.recovery_check is not None and not _is_where_it_was(session, session.recovery_check):
        return  # people wait until the run is where it was
    while session.recorder.commands and session.ending is None:
        sent = session.recorder.commands.popleft()
        if (
            sent.command_id <= session.training.last_command_id
            or sent.command_id in session.history.answered
        ):
            continue  # carried out before; a restarted server sends what it is not sure of
        if _is_executed(session, sent) and sent.command["kind"] in REPLAYED:
            session.leave_recipe()
        # Only now: a checkpoint written before the change does not contain it.
        session.training.last_command_id = sent.command_id
    if session.ending is None:
        _apply_due(session)
        if session.replay_check is not None:
            session.replay_check.compare_state(session.training, "after")


def _is_executed(session: Session, sent: CommandSent) -> bool:
    """Carry a command out, or say why not."""
    try:
        execute(session, sent, command_of(sent))
    except InvalidValue as error:
        refuse(session, sent, error.message, error.name)
    except ValueError as error:
        refuse(session, sent, str(error))
    else:
        return True
    return False


def _apply_recorded(session: Session) -> None:
    """Do what an earlier attempt did at this step, or what a recipe asks for, in that order."""
    step = session.training.step
    if session.replay_check is not None:
        session.replay_check.compare_state(session.training, "before")
    _redo(session, after_scheduled=False)
    if session.to_replay and session.to_replay[0].place.step <= step and session.ending is None:
        _apply_due(session)
        _redo(session, after_scheduled=True)
    if session.replay_check is not None and step >= session.replay_check.until:
        _apply_due(session)  # a run that makes its last step makes them, too
        session.end_comparison()


def _redo(session: Session, *, after_scheduled: bool) -> None:
    while (
        session.to_replay
        and session.to_replay[0].place.step <= session.training.step
        and session.ending is None
    ):
        if session.to_replay[0].place.after_scheduled and not after_scheduled:
            return
        sent = session.to_replay.popleft().sent
        if isinstance(command := command_of(sent), Stop):  # the last one of a recipe
            session.end_comparison()
        if sent.command_id in session.history.carried_out:
            _execute_again(session, sent, command)
        else:
            _is_executed(session, sent)
        session.training.last_command_id = sent.command_id


def _apply_due(session: Session) -> None:
    """Make the scheduled changes whose step has come; without a word if that was said before."""
    training = session.training
    for waiting in training.controls.due(training.step):
        if waiting.command_id not in session.history.answered:
            changes.apply_scheduled(session, waiting)
            continue
        with contextlib.suppress(InvalidValue):  # it was refused the first time, too
            changes.apply_silently(session, waiting)
        training.controls.forget(waiting.command_id)


def _is_where_it_was(session: Session, recovery_check: RecoveryCheck) -> bool:
    """Whether all is made again that an earlier attempt had made; says so when it is."""
    _apply_due(session)
    step = session.training.step
    if not recovery_check.is_over(step):
        return False
    session.recovery_check = None
    verified = recovery_check.differs_at is None
    session.emit(Recovered(step=step, from_step=recovery_check.from_step, verified=verified))
    if not verified:
        message = f"What was repeated differs from what was recorded at {recovery_check.first}."
        session.emit(Warned(step=step, message=message))
        session.emit(Exactness(step=step, level="approximate", reasons=[message]))
    elif step >= recovery_check.from_step + PROOF_STEPS_MIN:
        session.emit(Exactness(step=step, level="exact", proved_at_step=step))
    if recovery_check.history.paused_for is not None:
        session.pause(recovery_check.history.paused_for)
    return True


def _execute_again(session: Session, sent: CommandSent, command: Command) -> None:
    """What `execute` did, without an answer: there is one already."""
    training = session.training
    match command:
        case Set(at_step=int(at_step)) if at_step > training.step:
            waiting = ScheduledChange(sent.command_id, command, sent.actor)
            training.controls.scheduled.append(waiting)
        case Set():
            changes.apply_silently(session, ScheduledChange(sent.command_id, command, sent.actor))
        case Extend():
            changes.extend_silently(session, command)
        case Cancel():
            training.controls.forget(command.command_id)
        case Fork() if isinstance(session, TrainingSession):
            changes.fork_silently(session, command)
        case Resume():
            session.pause_at = pause_at(command, training.step)
            return
        case _:
            return  # it decided nothing of the future
    session.version += 1


def execute(session: Session, sent: CommandSent, command: Command) -> None:
    """Do what one command asks.

    Raises:
        ValueError: it is refused; nothing changed.
    """
    training = session.training
    match command:
        case Set():
            changes.set_values(session, sent, command)
        case Pause():
            status = session.status
            if session.paused_for is None:
                session.pause(command.reason, sent.command_id)
            changes.emit_applied(session, sent, {"status": status}, {"status": RunStatus.PAUSED})
        case Resume():
            status = session.status
            if session.paused_for is not None:
                session.resume(sent.command_id)
                session.pause_at = pause_at(command, training.step)
            changes.emit_applied(session, sent, {"status": status}, {"status": RunStatus.RUNNING})
        case Stop():
            changes.emit_applied(
                session, sent, {"status": session.status}, {"status": RunStatus.STOPPED}
            )
            session.ending = StatusChanged(
                step=training.step,
                status=RunStatus.STOPPED,
                reason="user",
                command_id=sent.command_id,
            )
        case SaveCheckpoint():
            saved = session.save("user", command_id=sent.command_id)
            session.recorder.kept.add(saved.id)
            answer = changes.answer(session, sent, {}, {"checkpoint_id": saved.id})
            failed = _refusal(
                session, sent, "The checkpoint could not be written: see the warning."
            )
            session.saver.emit_when_saved(lambda: failed if saved.failed else answer)
        case Evaluate():
            found = session.evaluate()
            changes.emit_applied(session, sent, {}, dict(found))
        case Extend():
            changes.extend(session, sent, command)
        case Cancel():
            changes.cancel(session, sent, command)
        case Fork() if isinstance(session, TrainingSession):
            changes.fork(session, sent, command)


def pause_at(command: Resume, step: int) -> int | None:
    """The step after which a run that is resumed at `step` pauses again."""
    return None if command.for_steps is None else step + command.for_steps


def refuse(session: Session, sent: CommandSent, reason: str, field: str | None = None) -> None:
    session.emit(_refusal(session, sent, reason, field))


def _refusal(session: Session, sent: CommandSent, reason: str, field: str | None = None) -> Event:
    return Refused(
        step=session.training.step,
        command_id=sent.command_id,
        command_kind=str(sent.command.get("kind")),
        reason=reason,
        field=field or None,
        actor=sent.actor,
    )


def refuse_the_rest(session: Session, status: RunStatus) -> None:
    """Answer what nobody will carry out any more."""
    while session.recorder.commands:
        sent = session.recorder.commands.popleft()
        if sent.command_id > session.training.last_command_id:
            refuse(session, sent, f"The run is {status}; it takes no more commands.")
    for waiting in session.training.controls.scheduled:
        reason = f"The run is {status}; step {waiting.change.at_step:,} was not reached."
        session.emit(
            Refused(
                step=session.training.step,
                command_id=waiting.command_id,
                command_kind="set",
                reason=reason,
                actor=waiting.actor,
            )
        )
