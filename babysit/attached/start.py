"""`babysit.attach` and what may stand before it: `babysit.config` and `babysit.knob`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch

from babysit.attached.begin import begin, made_with
from babysit.attached.checks.frames import is_imported_by_child
from babysit.attached.control.config import Settings, settings_of
from babysit.attached.control.declared import guessed
from babysit.attached.control.knobs import Knob
from babysit.attached.ending import watch_end
from babysit.attached.ranks.join import (
    Ranks,
    end_with_parent,
    follow,
    hear,
    lead,
    ranks_of_process,
    say_unrecorded,
)
from babysit.attached.ranks.recordings import FollowerRecording, LeaderRecording
from babysit.attached.ranks.state import LeaderControls, LeaderTraining, as_of_rank
from babysit.attached.recording import Recording
from babysit.attached.resuming import TakenUp, resume_run
from babysit.attached.run import Run
from babysit.attached.say import say
from babysit.attached.scripts import launch as launches
from babysit.attached.scripts.launch import Launch
from babysit.attached.session import ScriptSession
from babysit.attached.state.training import ScriptTraining
from babysit.protocol.heartbeat import Heartbeat
from babysit.protocol.hyperparameters import Hyperparameter, Scale
from babysit.protocol.objective import Mode, Objective
from babysit.training.best import Best
from babysit.worker.checkpoint_writer import Saver
from babysit.worker.recorder import Recorder

SAVE_AT, STOP_AT = "BABYSIT_SAVE_AT", "BABYSIT_STOP_AT"  # steps, for `babysit prove`


ONCE_MORE = "attach was called before; its run goes on."
ONCE_MORE_AFTER_END = (
    "attach was called before, and run.finish() has ended its run: what follows is not recorded. "
    "A script has one run; call run.finish() behind its last loop, or not at all."
)


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
        script.settings = settings_of(args, {} if launch is None else launches.given_values(launch))
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
        say(ONCE_MORE_AFTER_END if script.recording.is_finished else ONCE_MORE)
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
    ranks = ranks_of_process()
    if ranks is not None and ranks.rank:
        return _following(ranks, parts)
    try:
        begun = resume_run(launches.assigned() or launches.own_launch(name))
    except Exception:
        if ranks is not None:
            say_unrecorded()
        raise
    leader = None if ranks is None else lead(ranks, _told(begun))
    made = {} if leader is None else {"controls": LeaderControls()}
    training = _training(ScriptTraining if leader is None else LeaderTraining, begun, parts, **made)
    session = _session(begun, training)
    kind = Recording if leader is None else LeaderRecording
    recording = kind(training, session, begun.snapshot, is_fork=begun.is_fork)
    if leader is not None:
        for item in (training, training.controls, recording):
            item.leader = leader  # type: ignore[union-attr]
        if begun.launch.lock < 0:
            recording.parent = end_with_parent()  # type: ignore[attr-defined]
    recording.on_begin = lambda: begin(session, begun.snapshot, begun.problems)
    watch_end(recording)
    _tell(begun.launch)
    return recording


def _told(begun: TakenUp) -> dict[str, Any]:
    """What the other ranks need to know of the run."""
    launch = begun.launch
    step = None if begun.snapshot is None else int(begun.snapshot.state["step"])
    return {
        "directory": str(launch.directory),
        "attempt": launch.attempt,
        "seed": begun.seed,
        "step": step,
    }


def _following(ranks: Ranks, parts: dict[str, Any]) -> Recording:
    """The recording of a rank that is not the first: it writes nothing."""
    said = hear()
    connection = follow(ranks, said)
    directory = Path(said["directory"])
    launch = Launch(directory, said["attempt"], launches.read_spec(directory), -1)
    begun = resume_run(launch)
    begun.seed = ranks.seed(said["seed"])
    snapshot = begun.snapshot
    if (None if snapshot is None else int(snapshot.state["step"])) != said["step"]:
        raise RuntimeError("this rank does not find the checkpoint of the first one")
    if snapshot is not None:
        begun.snapshot = as_of_rank(snapshot, ranks.rank)
    training = _training(ScriptTraining, begun, parts)
    recording = FollowerRecording(training, None, begun.snapshot, is_fork=begun.is_fork)
    recording.limit = training.limit
    recording.connection, recording.rank = connection, ranks.rank
    if launches.RUN_OF_RANKS in os.environ:
        end_with_parent()
    watch_end(recording)
    return recording


def _training(
    kind: type[ScriptTraining], begun: TakenUp, parts: dict[str, Any], **made: Any
) -> ScriptTraining:
    spec, snapshot = begun.launch.spec, begun.snapshot
    own = script.objective, script.mode
    objective = Objective.of(*(own if spec.objective is None else (spec.objective, spec.mode)))
    about = made_with(spec.script or {})
    training = kind(seed=begun.seed, best=Best(objective), made_with=about, **made)
    if snapshot is not None:
        training.step, training.limit = int(snapshot.state["step"]), snapshot.state["limit"]
        training.places.target = training.places.now.from_json(snapshot.state["position"])
    for label, part in parts.items():
        training.parts.add(label, part)
    training.controls.knobs = dict(script.knobs)
    if script.settings is not None:
        training.controls.settings = script.settings.declared
        training.controls.setting_values = script.settings.values
    return training


def _session(begun: TakenUp, training: ScriptTraining) -> ScriptSession:
    launch, history = begun.launch, begun.history
    spec, directory = launch.spec, launch.directory
    recorder = Recorder(directory, launch.attempt, spec.max_steps_per_s)
    objective = training.best.objective
    return ScriptSession(
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


def _steps_in(variable: str) -> list[int]:
    return [int(part) for part in os.environ.get(variable, "").split(",") if part]


def _tell(launch: Launch) -> None:
    """One line for whoever started the script by hand."""
    if launch.started_by_server:
        return
    place: Path = launch.directory
    shown = os.path.relpath(place) if place.is_relative_to(Path.cwd()) else str(place)
    say(f"run {launch.spec.id} is recorded in {shown}")
