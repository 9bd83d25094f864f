"""A command that cannot be carried out is refused with its reason, and nothing changes."""

from __future__ import annotations

from typing import Any

import pytest

from babysit.protocol.commands import SaveCheckpoint, Set
from tests.babysit.worker_harness import Lab, LabRun

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"values": {"learning_rate": -1}}, "learning_rate"),
    ({"values": {"learning_rate": "fast"}}, "learning_rate"),
    ({"values": {"momentum": 1.0}}, "momentum"),
    ({"values": {"hidden_units": 64}}, "hidden_units"),
    ({"values": {"no_such": 1}}, "no_such"),
    ({"values": {"beta1": 0.5}}, "beta1"),
    ({"values": {"decay_rate": 0.5}}, "decay_rate"),
    ({"values": {"learning_rate": 0.1, "base_learning_rate": 0.1}}, "base_learning_rate"),
    ({"values": {"nesterov": True, "momentum": 0}}, "nesterov"),
    ({"values": {"learning_rate": 0.1}, "over_steps": 0}, "over_steps"),
    ({"values": {"dropout": 0.3}, "over_steps": 10}, "over_steps"),
    ({"values": {"schedule": "one_cycle", "learning_rate": 1.0}}, "learning_rate"),
]


@pytest.mark.parametrize(("fields", "field"), WRONG, ids=str)
def test_a_refused_change_leaves_everything_as_it_was(
    paused: LabRun, fields: dict[str, Any], field: str
) -> None:
    before = paused.checkpoints()[-1]

    refused = paused.answer(paused.send_json({"kind": "set", **fields}))
    paused.do(SaveCheckpoint())

    assert refused["kind"] == "refused"
    assert refused["field"] == field
    assert refused["reason"]
    assert paused.checkpoints()[-1]["state_sha256"] == before["state_sha256"]
    assert not paused.said("changed")


MALFORMED: list[dict[str, Any]] = [
    {"kind": "explode"},
    {},
    {"kind": "set"},
    {"kind": "set", "values": ["learning_rate"]},
    {"kind": "set", "values": None},
    {"kind": "set", "values": {"learning_rate": 0.1}, "at_step": "soon"},
    {"kind": "set", "values": {"learning_rate": 0.1}, "over_steps": 2.5},
    {"kind": "set", "values": {"learning_rate": {"a": 1}}},
    {"kind": "set", "values": {"learning_rate": 10**400}},
    {"kind": "extend"},
    {"kind": "extend", "steps": "5"},
    {"kind": "extend", "steps": -5},
    {"kind": "extend", "steps": 0},
    {"kind": "cancel", "command_id": None},
]


def test_a_malformed_command_never_ends_a_training(running: LabRun) -> None:
    """A change can be refused; it can never crash or silently miss the training."""
    sent = [running.send_json(command) for command in MALFORMED]

    answers = [running.answer(ident) for ident in sent]

    assert [answer["kind"] for answer in answers] == ["refused"] * len(MALFORMED)
    running.wait_for_step(running.step() + 5)


def test_a_change_that_no_longer_fits_when_its_step_comes_is_refused(lab: Lab) -> None:
    """Nesterov needs momentum: fine when it was planned, wrong when it is due."""
    run = lab.start(
        "spirals",
        steps=40,
        commands=[
            Set(values={"nesterov": True}, at_step=20),
            Set(values={"momentum": 0.0}, at_step=10),
        ],
    ).finished()

    assert [answer["kind"] for answer in run.answers(1)] == ["refused"]
    assert run.answers(1)[0]["field"] == "nesterov"
    assert run.points["momentum"][40] == 0.0


def test_nesterov_is_refused_while_a_ramp_leads_momentum_to_0(paused: LabRun) -> None:
    """It would go together now and no longer at the end of the ramp: no fork could start there."""
    paused.do(Set(values={"momentum": 0.0}, over_steps=1000))

    assert paused.do(Set(values={"nesterov": True}))["field"] == "nesterov"
