"""Makes the changes that commands ask for, between two steps, and says what each of them did."""

from __future__ import annotations

from dataclasses import replace

from babysit.controls import ChangeMade, ScheduledChange, checked_change, make_change
from babysit.hyperparameters import InvalidValue
from babysit.live import LiveRun
from babysit.messages import (
    CANCELLED,
    Applied,
    Cancel,
    Changed,
    ChangeScheduled,
    CommandSent,
    Event,
    Extend,
    Fork,
    Refused,
    Set,
    Warned,
)
from babysit.training import restore


def answer(
    live: LiveRun, sent: CommandSent, before: dict[str, object], after: dict[str, object]
) -> Event:
    return Applied(
        step=live.training.step,
        command_id=sent.command_id,
        command_kind=str(sent.command["kind"]),
        before=before,
        after=after,
        actor=sent.actor,
        note=str(sent.command.get("note", "")),
    )


def say_applied(
    live: LiveRun, sent: CommandSent, before: dict[str, object], after: dict[str, object]
) -> None:
    live.say(answer(live, sent, before, after))


def set_values(live: LiveRun, sent: CommandSent, change: Set) -> None:
    """Make a change now, or let it wait for its step."""
    training = live.training
    if change.at_step is None or change.at_step <= training.step:
        _make(live, ScheduledChange(sent.command_id, change, sent.actor), scheduled=False)
        return
    checked_change(training.controls, change, training.step)  # refused now rather than then
    training.controls.scheduled.append(ScheduledChange(sent.command_id, change, sent.actor))
    live.version += 1
    live.say(waiting_said(training.controls.scheduled[-1], training.step))


def waiting_said(waiting: ScheduledChange, step: int) -> ChangeScheduled:
    """The event that says that a change waits for its step."""
    change = waiting.change
    return ChangeScheduled(
        step=step,
        command_id=waiting.command_id,
        at_step=change.at_step or 0,
        values=change.values,
        over_steps=change.over_steps,
        actor=waiting.actor,
        note=change.note,
    )


def _make(live: LiveRun, wanted: ScheduledChange, *, scheduled: bool) -> None:
    """Save a checkpoint, make the change, and say what it did."""
    training, change = live.training, wanted.change
    checked_change(training.controls, change, training.step)  # before a checkpoint is spent on it
    live.save("change", command_id=wanted.command_id)
    made = make_quietly(live, wanted)
    live.say(
        Changed(
            step=training.step,
            command_id=wanted.command_id,
            before=made.before,
            after=made.after,
            undo_values=made.undo_values,
            values=made.values,
            effective_step=made.effective_step,
            over_steps=change.over_steps,
            scheduled=scheduled,
            actor=wanted.actor,
            note=change.note,
            notes=made.notes,
        )
    )


def make_quietly(live: LiveRun, wanted: ScheduledChange) -> ChangeMade:
    """Make a change without a word: it is said by the caller, or was said by an earlier attempt.

    Raises:
        InvalidValue: it is refused; nothing was touched.
    """
    training = live.training
    live.version += 1
    training.controls.forget(wanted.command_id)  # only now: the checkpoint before it still has it
    return make_change(
        training.controls,
        wanted.change,
        step=training.step,
        last_step=training.steps,
        tools=training.tools,
    )


def make_scheduled(live: LiveRun, waiting: ScheduledChange) -> None:
    """Make a change whose step has come, or say why it cannot be made."""
    try:
        _make(live, waiting, scheduled=True)
    except InvalidValue as error:  # what was right when it was asked for need not be right now
        live.training.controls.forget(waiting.command_id)
        live.say(
            Refused(
                step=live.training.step,
                command_id=waiting.command_id,
                command_kind="set",
                reason=error.message,
                field=error.name or None,
                actor=waiting.actor,
            )
        )


def extend(live: LiveRun, sent: CommandSent, command: Extend) -> None:
    training = live.training
    if command.steps < 1:
        raise InvalidValue("steps", "Extend a run by at least 1 step.")
    before, training.steps = training.steps, training.steps + command.steps
    live.version += 1
    say_applied(live, sent, {"steps": before}, {"steps": training.steps})


def cancel(live: LiveRun, sent: CommandSent, command: Cancel) -> None:
    if not live.training.controls.forget(command.command_id):
        raise ValueError("There is no such scheduled change; it may have happened already.")
    live.version += 1
    live.say(
        Refused(
            step=live.training.step,
            command_id=command.command_id,
            command_kind="set",
            reason=CANCELLED,
            actor=sent.actor,
        )
    )
    say_applied(live, sent, {"scheduled": command.command_id}, {"scheduled": None})


def fork(live: LiveRun, sent: CommandSent, command: Fork) -> None:
    """Go on as a fork from this very state, and say what is different from here on."""
    before = live.training
    live.save("change", command_id=sent.command_id)
    fork_quietly(live, command)
    now = live.training
    for warning in now.warnings:
        live.say(Warned(step=now.step, message=warning))
    values, old = now.controls.values, before.controls.values
    differ = sorted(name for name in values if values[name] != old.get(name))
    say_applied(
        live,
        sent,
        {**{name: old[name] for name in differ if name in old}, "steps": before.steps},
        {**{name: values[name] for name in differ}, "steps": now.steps},
    )


def fork_quietly(live: LiveRun, command: Fork) -> None:
    """What a fork's worker does with the checkpoint it starts from, without the way to the disk.

    Raises:
        InvalidValue: the fork's values do not fit the task.
    """
    training = live.training
    asked = replace(live.asked, values=command.values, steps=command.steps)
    live.version += 1
    live.evaluated_at = -1  # it may be another network
    live.training = restore(
        asked,
        training.task,
        training.snapshot(),
        device=training.device,
        code_sha256=training.made_with["code_sha256"],
        is_fork=True,
    )
