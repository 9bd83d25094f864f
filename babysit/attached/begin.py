"""At the first boundary of a script: all is attached and put back; say so, and catch up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from babysit.attached.replaying import follow_recipe
from babysit.attached.restoring import end_untrained
from babysit.attached.safety import CannotContinue
from babysit.attached.session import ScriptSession
from babysit.protocol.commands import Set
from babysit.protocol.events import StatusChanged, WorkerStarted
from babysit.protocol.hyperparameters import InvalidValue
from babysit.protocol.machine import machine_name
from babysit.protocol.spec.script_start import text_sha256
from babysit.protocol.status import RunStatus
from babysit.resume.history import RecoveryCheck, RunHistory, commands_to_replay, read_history
from babysit.storage.process_identity import identity_of
from babysit.training.checkpoint import Snapshot
from babysit.training.metrics import Clock
from babysit.training.user_code.provenance import settings, versions

COMPARED_STEPS = 200  # of a fork without a change, at most


def made_with(spec: dict[str, Any]) -> dict[str, Any]:
    """What results depend on besides the seed and the values."""
    text = text_sha256(Path(spec.get("path", "")))  # it may be another one than at the registration
    return {
        "code_sha256": text or spec.get("sha256", ""),
        "threads": torch.get_num_threads(),
        "versions": versions(),
        "settings": settings(),
    }


def begin(
    session: ScriptSession,
    snapshot: Snapshot | None,
    problems: list[str],
) -> None:
    """At the first boundary, when all is attached and put back: say so, and catch up."""
    training, spec, history = session.training, session.spec, session.history
    session.began_at = training.step
    if snapshot is not None:
        then = snapshot.state["made_with"]
        differ = [name for name, value in training.made_with.items() if then.get(name) != value]
        if differ:
            words = ", ".join(DIFFERENCES[name] for name in differ)
            problems.append(f"Not exact to the last bit: another {words} than in the checkpoint.")
        if not history.attempts and spec.steps != int(snapshot.state["steps"]):
            training.limit = spec.steps
    elif spec.limited:
        training.limit = spec.steps
    _apply_values(session, problems)
    follow_recipe(session, _device(session), problems)
    if history.attempts or spec.recipe:
        session.to_replay = commands_to_replay(
            session.directory,
            history,
            from_step=training.step,
            last_command_id=training.last_command_id,
        )
    if history.attempts:
        history.logged = after(history.logged or {}, training.step)
        session.recovery_check = RecoveryCheck(training.step, history)
        active_s = [seconds for at, seconds in history.active_s.items() if at <= training.step]
        session.clock = Clock(max(active_s, default=0.0))
    elif spec.parent is not None and not spec.values and not problems:
        session.fork_check = _fork_check(session)
    session.emit(_worker_started(session))
    session.emit(StatusChanged(step=training.step, status=RunStatus.RUNNING))
    session.approximate(problems)


DIFFERENCES = {
    "code_sha256": "text of the script",
    "threads": "thread count",
    "versions": "library versions",
    "settings": "PyTorch settings",
}


def after(logged: dict[str, dict[int, float]], step: int) -> dict[str, dict[int, float]]:
    """The values of later steps; earlier ones are compared with nothing."""
    found = {
        name: {at: value for at, value in values.items() if at > step}
        for name, values in logged.items()
    }
    return {name: values for name, values in found.items() if values}


def _apply_values(session: ScriptSession, problems: list[str]) -> None:
    """What a fork or a trial begins with, once: a later attempt has it in its checkpoint."""
    controls = session.training.controls
    if session.history.attempts and session.training.step:
        return
    for name, value in session.spec.values.items():
        if name in controls.settings:
            controls.setting_values[name] = value
            continue
        try:
            controls.apply(Set(values={name: value}))
        except InvalidValue as error:
            reason = f"The value of {name} could not be set: {error.message}"
            if session.spec.search is not None:  # its result would be that of other values
                end_untrained(session, reason)
                raise CannotContinue(1) from error
            problems.append(reason)


def _fork_check(session: ScriptSession) -> RecoveryCheck | None:
    """The values of the parent that a fork without a change must repeat."""
    parent = session.directory.parent / str((session.spec.parent or {})["run_id"])
    attempts = len(list(parent.glob("attempt-*.journal")))
    history = read_history(parent, attempts + 1, logged=True)
    step = session.training.step
    changes = [
        place.step
        for command_id, place in history.carried_out.items()
        if place.step > step
        or (place.step == step and command_id > session.training.parent_command_id)
    ]
    until = min([*changes, step + COMPARED_STEPS])
    logged = {
        name: {at: value for at, value in values.items() if at <= until}
        for name, values in after(history.logged or {}, step).items()
    }
    logged = {name: values for name, values in logged.items() if values}
    return RecoveryCheck(step, RunHistory(logged=logged)) if logged else None


def _device(session: ScriptSession) -> str:
    parameters = session.training.parts.parameters().values()
    return next((item.device.type for item in parameters), "cpu")


def _worker_started(session: ScriptSession) -> WorkerStarted:
    training, process = session.training, identity_of(os.getpid())
    parameters = training.parts.parameters().values()
    return WorkerStarted(
        step=training.step,
        pid=process.pid,
        start_ticks=process.start_ticks,
        boot_id=process.boot_id,
        threads=torch.get_num_threads(),
        device=_device(session),
        versions=versions(),
        code_sha256=training.made_with["code_sha256"],
        data_sha256="",
        train_size=0,
        val_size=0,
        steps_per_epoch=0,
        parameters=sum(item.numel() for item in parameters),
        values=training.controls.values,
        machine=machine_name(),
        settings=training.made_with["settings"],
    )
