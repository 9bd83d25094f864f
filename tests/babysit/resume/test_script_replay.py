"""What a script logs in a replay is compared with what was logged, series by series."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from babysit.protocol.recipes.plain_yaml import read_recipe, write_recipe
from babysit.protocol.recipes.recipe import Recipe, Recorded, RecordedScript
from babysit.resume.history import RunHistory
from babysit.resume.replay import Difference, ReplayCheck

RECIPE = Recipe(
    run_id=3,
    name="panda",
    ended="finished",
    task="train.py",
    seed=0,
    steps=4,
    until=4,
    values={"hidden": 6},
    made_with={
        "code_sha256": "0" * 64,
        "versions": {"torch": "2.13.0"},
        "threads": 1,
        "device": "cpu",
    },
    changes=(),
    states=(),
    recorded=Recorded(
        np.arange(1, 5), np.array([[4.0, 3.0, math.nan, 1.0], [0.1] * 4]), ("train/cost", "lr")
    ),
    script=RecordedScript(
        id="0123456789abcdef",
        path="/trainings/train.py",
        argv=["--lr", "0.1"],
        cwd="/trainings",
        commit=None,
        seed=None,
        limited=False,
    ),
    others=(Recorded(np.array([2, 4]), np.array([[0.5, 0.25]]), ("val/loss",)),),
)
AS_RECORDED: dict[int, dict[str, float]] = {
    1: {"train/cost": 4.0, "lr": 0.1},
    2: {"train/cost": 3.0, "lr": 0.1, "val/loss": 0.5},
    3: {"train/cost": math.nan, "lr": 0.1, "more": 7.0},
    4: {"train/cost": 1.0, "lr": 0.1, "val/loss": 0.25},
}


def compared(check: ReplayCheck, **changed: Any) -> Difference | None:
    """Log all steps, with another value of one series at one step."""
    for step, row in AS_RECORDED.items():
        own = {changed["name"]: changed["value"]} if step == changed.get("step") else {}
        check.compare_logged(step, row | own)
    return check.first


def test_the_first_value_that_differs_is_named_whatever_its_series() -> None:
    def check() -> ReplayCheck:
        return ReplayCheck(read_recipe(write_recipe(RECIPE)), RunHistory(), 0)

    assert compared(check()) is None
    assert compared(check(), step=2, name="val/loss", value=0.75) == Difference(
        2, "val/loss", 0.5, 0.75
    )
    found = compared(check(), step=3, name="train/cost", value=2.0)
    assert found is not None
    assert (found.step, found.quantity, found.found) == (3, "train/cost", 2.0)


def test_what_earlier_attempts_of_the_replay_logged_is_compared_too() -> None:
    logged = {"train/cost": {1: 4.0, 2: 3.5, 3: 0.0}}

    check = ReplayCheck(RECIPE, RunHistory(attempts=1, logged=logged), 2)

    assert check.first == Difference(2, "train/cost", 3.0, 3.5)
    assert ReplayCheck(RECIPE, RunHistory(attempts=1, logged=logged), 1).first is None
