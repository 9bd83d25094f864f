"""`babysit.attach` and what may stand before it: `babysit.config` and `babysit.knob`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch

from babysit.attached import launch as launches
from babysit.attached.begin import begin, made_with
from babysit.attached.control.config import Settings, settings_of
from babysit.attached.control.declared import guessed
from babysit.attached.control.knobs import Knob
from babysit.attached.ending import watch_end
from babysit.attached.frames import is_imported_by_child
from babysit.attached.launch import Launch
from babysit.attached.recording import Recording
from babysit.attached.run import Run
from babysit.attached.say import say
from babysit.attached.session import ScriptSession
from babysit.attached.state.training import ScriptTraining
from babysit.protocol.heartbeat import Heartbeat
from babysit.protocol.hyperparameters import Hyperparameter, Scale
from babysit.protocol.objective import Mode, Objective
from babysit.resume.history import (
    announced_in,
    newest_valid,
    read_history,
)
from babysit.training.best import Best
from babysit.training.checkpoint import load_checkpoint
from babysit.worker.checkpoint_writer import Saver
from babysit.worker.recorder import Recorder

COMPARED_STEPS = 200  # of a fork without a change, at most
SAVE_AT, STOP_AT = "BABYSIT_SAVE_AT", "BABYSIT_STOP_AT"  # steps, for `babysit prove`


class Script:
    """What the script of this process has said so far."""

    def __init__(self) -> None:
        self.run: Run | None = None
        self.recording: Recording | None = None
        self.knobs: dict[str, Knob] = {}
        self.settings: Settings | None = None
        self.objective: str | None = None
        self.mode: Mode | None = None


script = Script()


def config(args: Any, *, objective: str | None = None, mode: Mode = "min") -> Any:
    """The script's arguments, with the values of a fork or a trial in their places.

    args: a Namespace, a dataclass, a dict, or anything with items or attributes. What is returned
        is used in its place.
    objective: the series that says which state is the best, such as "val/loss"; mode: "min" if
        less is better, "max" if more is.
    """
    script.objective, script.mode = objective, None if objective is None else mode
    try:
        launch = launches.assigned()
        values = {} if launch is None else dict(launch.spec.first_values or launch.spec.values)
        script.settings = settings_of(args, values)
    except Exception as error:
        say(f"the arguments cannot be steered: {error!r}")
        return args
    return script.settings.proxy


def knob(
    name: str,
    get: Callable[[], Any],
    set: Callable[[Any], Any],
    low: float | None = None,
    high: float | None = None,
    *,
    scale: Scale | None = None,
    tier: Literal[1, 2, 3] | None = None,
) -> None:
    """Let a value of the script's own be changed on the page.

    get, set: functions that read it and write it; `set` is called between two turns.
    low, high: bounds, both included. scale: "linear", "log10", "log2" or "minus_log10_one_minus".
    tier: how important it is, from 1.
    """
    given = {"low": low, "high": high, "scale": scale, "tier": tier}
    try:
        script.knobs[name] = Knob(_declared(name, get(), given), get, set)
        if script.recording is not None:
            script.recording.training.controls.knobs[name] = script.knobs[name]
    except Exception as error:
        say(f"the knob {name} cannot be used: {error!r}")


def _declared(name: str, value: Any, given: dict[str, Any]) -> Hyperparameter:
    item = guessed(name, value)
    if item is None:
        kind: Any = "bool" if isinstance(value, bool) else "float"
        item = Hyperparameter(name=name, label=name, tier=3, default=value, kind=kind)
    changes: dict[str, Any] = {"when": "live"}
    for key, wanted in given.items():
        if wanted is not None:
            changes[key] = wanted
            if key in ("low", "high"):
                changes[f"{key}_included"] = True
    return item.but(**changes)


def attach(name: str = "", /, **parts: Any) -> Run:
    """Record and steer the training of this script.

    name: of the run.
    parts: everything with a state: `model=net, optimizer=opt, scheduler=sched, …`; each a part,
        a list or a dict of parts. A part is anything with `state_dict` and `load_state_dict`.

    Returns:
        The run, whose loops take the place of the script's own.
    """
    if script.run is None and is_imported_by_child(sys._getframe(1)):
        return Run(_unrecorded())
    if script.run is not None and script.recording is not None:
        script.recording.add_parts(parts)
        say("attach was called before; its run goes on.")
        return script.run
    try:
        recording = _recording(name, parts)
    except Exception as error:
        say(f"this run is not recorded: {error!r}")
        recording = _unrecorded()
    script.recording, script.run = recording, Run(recording)
    return script.run


def _unrecorded() -> Recording:
    training = ScriptTraining(seed=torch.initial_seed() % 2**53, made_with={})
    return Recording(training, None)


def _recording(name: str, parts: dict[str, Any]) -> Recording:
    launch = launches.assigned() or launches.own_launch(name)
    spec, directory = launch.spec, launch.directory
    history = read_history(directory, launch.attempt, logged=launch.attempt > 1)
    snapshot, problems = newest_valid(directory, history)
    is_fork = snapshot is None and spec.parent_directory is not None
    if is_fork:
        parent = directory.parent.parent / str(spec.parent_directory)
        snapshot = load_checkpoint(parent, announced_in(spec))
    seed = spec.seed or torch.initial_seed() % 2**53
    if snapshot is not None:
        seed = int(snapshot.state["seed"])
    objective = Objective.of(script.objective or spec.objective, script.mode or spec.mode)
    training = ScriptTraining(
        seed=seed, best=Best(objective), made_with=made_with(spec.script or {})
    )
    if snapshot is not None:
        training.step, training.limit = int(snapshot.state["step"]), snapshot.state["limit"]
        training.places.target = training.places.now.from_json(snapshot.state["position"])
    for label, part in parts.items():
        training.parts.add(label, part)
    training.controls.knobs = dict(script.knobs)
    if script.settings is not None:
        training.controls.settings = script.settings.declared
        training.controls.setting_values = script.settings.values
    recorder = Recorder(directory, launch.attempt, spec.max_steps_per_s)
    session = ScriptSession(
        spec,
        directory,
        training,
        recorder,
        Saver(spec.id, directory / "checkpoints", recorder, history, objective),
        Heartbeat(directory, launch.attempt),
        history=history,
        settings=script.settings,
        may_wait=bool((spec.script or {}).get("supervised")),
        saves_at=frozenset(_steps_in(SAVE_AT)),
        stop_at=next(iter(_steps_in(STOP_AT)), None),
    )
    recording = Recording(training, session, snapshot, is_fork=is_fork)
    recording.on_begin = lambda: begin(session, snapshot, problems)
    watch_end(recording)
    _tell(launch)
    return recording


def _steps_in(variable: str) -> list[int]:
    return [int(part) for part in os.environ.get(variable, "").split(",") if part]


def _tell(launch: Launch) -> None:
    """One line for whoever started the script by hand."""
    if launch.started_by_server:
        return
    place: Path = launch.directory
    shown = os.path.relpath(place) if place.is_relative_to(Path.cwd()) else str(place)
    say(f"run {launch.spec.id} is recorded in {shown}")
