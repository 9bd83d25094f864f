"""Commands: each is answered exactly once, with what was really done, at the step where it was."""

from __future__ import annotations

import signal

import pytest

from babysit.protocol.commands import (
    Cancel,
    Command,
    Evaluate,
    Extend,
    Pause,
    Resume,
    SaveCheckpoint,
    Set,
    Stop,
)
from babysit.protocol.status import RunStatus
from babysit.protocol.values import Value, Values
from tests.babysit.worker_harness import Lab, LabRun

SLOWLY = 400.0
LONG = 100_000  # steps; such a run ends when it is told to


def test_a_change_takes_effect_at_the_step_it_is_answered_at(running: LabRun) -> None:
    changed = running.do(Set(values={"learning_rate": 0.007}, note="too fast"))
    running.wait_for_step(changed["effective_step"] + 2)

    rates, step = running.points["learning_rate"], changed["effective_step"]
    assert (rates[step - 1], rates[step], rates[step + 1]) == (0.05, 0.007, 0.007)
    assert changed["step"] == step - 1
    assert changed["before"] == {"learning_rate": 0.05}
    assert changed["after"] == {"learning_rate": 0.007}
    assert changed["undo_values"] == {"learning_rate": 0.05}
    assert (changed["actor"], changed["note"]) == ("owner", "too fast")


def test_a_change_in_a_pause_is_made_at_once(paused: LabRun) -> None:
    changed = paused.do(Set(values={"momentum": 0.5}))
    at = paused.said("status_changed", status="paused")[0]["step"]

    assert (changed["step"], changed["effective_step"]) == (at, at + 1)
    assert paused.step() == at  # no step was made for it
    paused.do(Resume())
    paused.wait_for_step(at + 1)
    assert paused.points["momentum"][at + 1] == 0.5


def test_a_pause_holds_the_step_until_resume(paused: LabRun) -> None:
    at = paused.said("status_changed", status="paused")[0]["step"]
    saved = paused.do(SaveCheckpoint())  # answered, and still no step was made

    assert saved["step"] == at
    resumed = paused.do(Resume())
    assert resumed["step"] == at
    paused.wait_for_step(at + 1)
    statuses = [event["status"] for event in paused.said("status_changed")]
    assert statuses == ["running", "paused", "running"]


def test_a_scheduled_change_happens_at_its_step(running: LabRun) -> None:
    at = running.step() + 60
    ident = running.send(Set(values={"learning_rate": 0.2}, at_step=at))
    waiting = running.event("change_scheduled", command_id=ident)

    changed = running.answer(ident)

    assert (waiting["at_step"], waiting["values"]) == (at, {"learning_rate": 0.2})
    assert (changed["step"], changed["scheduled"]) == (at, True)


def test_a_step_that_is_past_means_now(running: LabRun) -> None:
    changed = running.do(Set(values={"learning_rate": 0.2}, at_step=1))

    assert changed["kind"] == "changed"
    assert changed["step"] >= 5


def test_a_cancelled_change_never_happens(running: LabRun) -> None:
    at = running.step() + 60
    ident = running.send(Set(values={"learning_rate": 0.2}, at_step=at))
    running.event("change_scheduled", command_id=ident)

    cancelled = running.do(Cancel(command_id=ident))
    running.wait_for_step(at + 3)

    assert cancelled["kind"] == "applied"
    assert [answer["kind"] for answer in running.answers(ident)] == ["refused"]
    assert running.points["learning_rate"][at + 2] == 0.05


def test_cancelling_what_is_not_waiting_is_refused(running: LabRun) -> None:
    done = running.do(Set(values={"learning_rate": 0.2}))

    assert running.do(Cancel(command_id=done["command_id"]))["kind"] == "refused"
    assert running.do(Cancel(command_id=77))["kind"] == "refused"


CHANGES: list[Values] = [
    {"learning_rate": 0.2},
    {"learning_rate": 0.2, "momentum": 0.5},
    {"dropout": 0.6, "grad_clip": 1.0, "weight_decay": 0.01},
    {"batch_size": 100},
    {"nesterov": True},
    {"schedule": "cosine", "final_factor": 0.3},
]


@pytest.mark.parametrize("values", CHANGES, ids=str)
def test_a_change_can_be_put_back(paused: LabRun, values: Values) -> None:
    """By setting its `undo_values`; what it had before is then in force again."""
    before = paused.state_of(paused.checkpoints()[-1])

    changed = paused.do(Set(values=values))
    put_back = paused.do(Set(values=changed["undo_values"]))
    saved = paused.do(SaveCheckpoint())
    after = paused.state_of(paused.checkpoints(checkpoint_id=saved["after"]["checkpoint_id"])[0])

    names = set(changed["before"]) & set(put_back["after"])
    assert {name: put_back["after"][name] for name in names} == {
        name: changed["before"][name] for name in names
    }
    assert after["optimizer_values"] == before["optimizer_values"]
    assert after["schedule"]["kind"] == before["schedule"]["kind"]


def test_each_command_is_answered_once_however_often_it_was_sent(running: LabRun) -> None:
    """A restarted server appends again what it is not sure to have appended."""
    commands: list[Command] = [
        Set(values={"learning_rate": 0.01}),
        Evaluate(),
        Pause(),
        SaveCheckpoint(),
    ]
    for again in range(3):
        for ident, command in enumerate(commands, 1):
            running.send(command, command_id=ident)
        if again == 0:
            running.answer(len(commands))

    running.send(Stop(), command_id=50)
    running.end()

    assert all(len(running.answers(ident)) == 1 for ident in (1, 2, 3, 4, 50))
    assert len(running.said("changed")) == 1


def test_what_was_sent_before_the_worker_came_is_carried_out_first(lab: Lab) -> None:
    run = lab.start("spirals", steps=5, commands=[Set(values={"learning_rate": 0.3}), Pause()])

    run.event("status_changed", status="paused")
    changed = run.said("changed")[0]
    assert (changed["step"], changed["effective_step"]) == (0, 1)
    run.do(Resume())
    assert run.finished().points["learning_rate"][1] == 0.3


def test_commands_behind_a_stop_are_refused(running: LabRun) -> None:
    waiting = running.send(Set(values={"momentum": 0.2}, at_step=LONG))
    running.event("change_scheduled", command_id=waiting)
    stop = running.send(Stop())
    lagging_runs = [running.send(command) for command in (Pause(), Evaluate(), Extend(steps=3))]

    assert running.end()["status"] == RunStatus.STOPPED
    assert running.answers(stop)[0]["kind"] == "applied"
    for ident in (*lagging_runs, waiting):
        assert [answer["kind"] for answer in running.answers(ident)] == ["refused"]
    assert "stopped" in running.answers(lagging_runs[0])[0]["reason"]


def test_extending_moves_the_last_step(lab: Lab) -> None:
    run = lab.start("spirals", steps=20, commands=[Extend(steps=7)]).finished()

    assert run.answers(1)[0]["after"] == {"steps": 27}
    assert run.step() == 27


def test_evaluating_answers_with_what_was_measured(paused: LabRun) -> None:
    """Also at a step where it was measured already, as a pause does."""
    measured = paused.do(Evaluate())

    assert set(measured["after"]) == {"val/cost", "val/accuracy", "train/accuracy"}
    assert measured["after"]["val/cost"] == paused.points["val/cost"][measured["step"]]


def test_asking_for_what_is_already_so_changes_nothing(paused: LabRun) -> None:
    again = paused.do(Pause())
    paused.do(Resume())
    resumed = paused.do(Resume())

    assert (again["before"], again["after"]) == ({"status": "paused"}, {"status": "paused"})
    assert resumed["before"] == resumed["after"] == {"status": "running"}
    assert len(paused.said("status_changed")) == 3


def test_sigterm_stops_after_the_step_with_a_checkpoint(running: LabRun) -> None:
    running.kill(signal.SIGTERM)

    ending = running.end()

    assert (ending["status"], ending["reason"]) == (RunStatus.STOPPED, "terminated")
    assert ending["step"] == running.step() == running.checkpoints()[-1]["step"]


def test_sigterm_ends_a_pause_too(paused: LabRun) -> None:
    paused.kill(signal.SIGTERM)

    assert paused.end()["reason"] == "terminated"


@pytest.mark.parametrize("cold", [False, True], ids=["from the nursery", "cold"])
def test_sigint_is_not_heeded(lab: Lab, cold: bool) -> None:
    """Ctrl-C in the terminal of the server is not meant for a training."""
    start = lab.start_cold if cold else lab.start
    run = start("spirals", steps=LONG, max_steps_per_s=SLOWLY)
    run.wait_for_step(3)

    run.kill(signal.SIGINT)
    run.wait_for_step(run.step() + 20)

    run.send(Stop())
    assert run.end()["reason"] == "user"


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop"])
def test_every_live_value_is_read_back_from_the_optimizer(lab: Lab, optimizer: str) -> None:
    wanted: dict[str, dict[str, Value]] = {
        "sgd": {"momentum": 0.8, "nesterov": True},
        "adam": {"beta1": 0.8, "beta2": 0.99, "epsilon": 1e-6},
        "adamw": {"beta1": 0.8, "beta2": 0.99, "epsilon": 1e-6},
        "rmsprop": {"momentum": 0.8, "beta2": 0.98, "epsilon": 1e-6},
    }
    values: Values = {"learning_rate": 0.001, "weight_decay": 0.01, **wanted[optimizer]}
    run = lab.start(
        "spirals",
        steps=30,
        values={"optimizer": optimizer},
        commands=[Set(values=values, at_step=10)],
    ).finished()

    changed = run.said("changed")[0]

    assert changed["after"] == values
    used = run.state_of(run.checkpoints()[-1])["optimizer_values"]
    assert {name: used[name] for name in values} == values
    beta = "beta1" if optimizer.startswith("adam") else "momentum"
    assert run.points["momentum"][11] == values[beta]
