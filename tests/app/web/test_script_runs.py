"""What a script declared is what its run is steered with, in whatever bounds its values lie."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from app.errors import Invalid
from app.store.runs.create import start_run
from app.store.runs.projection import emit
from app.store.runs.runs import describe_run, find_run
from app.store.runs.scripts import described
from app.store.store import Store
from app.task_catalog import TaskInfo
from app.task_description import declarations, usable
from babysit.attached.control.options import named_options
from babysit.protocol.events import Declared
from babysit.protocol.hyperparameters import Hyperparameter
from babysit.storage.journal import to_jsonable


def test_no_option_of_a_script_is_left_out_for_a_value_that_no_task_could_have() -> None:
    parameters = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    groups: list[dict[str, Any]] = [
        {"params": parameters[:1]},
        {"params": parameters[1:], "lr": 30.0},
    ]
    optimizer = torch.optim.SGD(groups, lr=0.1, weight_decay=20)
    options = named_options({"optimizer": optimizer})
    said = [to_jsonable(option.hyperparameter.to_json()) for option in options.values()]

    kept = declarations(usable(said), of_script=True)

    assert list(kept) == list(options)
    assert kept["learning_rate"].check(20.0) == 20.0  # there it is a factor on all groups


def declared(store: Store, *items: Hyperparameter) -> int:
    """A run whose script has declared these."""
    task = TaskInfo("train.py", described("train.py", [], None), {}, None, script={"path": "/x"})
    with store.writing() as tx:
        run = start_run(tx, task, {})
        emit(tx, run, said(*items))
        return run.id


def said(*items: Hyperparameter) -> Declared:
    shown = [to_jsonable(item.to_json()) for item in items]
    return Declared(step=0, steps=9, hyperparameters=shown, parts=[])


def controls_of(store: Store, run_id: int) -> list[tuple[str, int, str]]:
    with store.reading() as session:
        items = (find_run(session, run_id).declared or {})["hyperparameters"]
        return [(item["name"], item["tier"], item["scale"]) for item in items]


RATE = Hyperparameter(name="rate", label="rate", tier=1, default=0.1, low=0.0, high=1.0)
SHIFT = Hyperparameter(name="shift", label="shift", tier=3, default=0.0, low=-1.0, high=1.0)
FLAG = Hyperparameter(name="flag", label="flag", tier=3, default=True, kind="bool")


def test_a_persons_tier_and_scale_stay_when_the_script_declares_again(store: Store) -> None:
    run_id = declared(store, RATE, SHIFT)

    with store.writing() as tx:
        run = find_run(tx.session, run_id)
        describe_run(tx, run, controls={"rate": {"tier": 3, "scale": "log10"}})
        describe_run(tx, run, controls={"shift": {"tier": 1, "scale": None}})
        emit(tx, run, said(RATE, SHIFT, FLAG))

    assert controls_of(store, run_id) == [
        ("shift", 1, "linear"),
        ("rate", 3, "log10"),
        ("flag", 3, "linear"),
    ]


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"depth": {"tier": 1}}, "no such hyperparameter"),
        ({"shift": {"scale": "log10"}}, "needs low of at least 0"),
        ({"flag": {"scale": "log10"}}, "has no scale"),
    ],
)
def test_a_scale_that_cannot_be_is_refused_in_words(
    store: Store, asked: dict[str, dict[str, Any]], word: str
) -> None:
    run_id = declared(store, RATE, SHIFT, FLAG)

    with store.writing() as tx, pytest.raises(Invalid, match=word):
        describe_run(tx, find_run(tx.session, run_id), controls=asked)
