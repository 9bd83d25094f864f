"""A recipe as a file: read back equal to the last bit, readable, and refused when it is wrong."""

from __future__ import annotations

import contextlib
import math
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from babysit.protocol.commands import Cancel, Extend, Fork, Set
from babysit.protocol.recipes.plain_yaml import read_recipe, write_recipe
from babysit.protocol.recipes.recipe import (
    COMPARED_STEPS_MAX,
    BadRecipe,
    Change,
    Recipe,
    Recorded,
    RecordedState,
    commands,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
AWKWARD = [1e-08, 0.1 + 0.2, 5e-324, 1e22, 123456789.0, -0.0, 1 - 2**-53, 1.0]


def recorded(costs: list[float]) -> Recorded:
    rows = [costs, [0.05] * len(costs), [0.9] * len(costs)]
    return Recorded(np.arange(1, len(costs) + 1), np.array(rows))


def change(number: int, step: int, do: Any, command: Any, of: int | None = None) -> Change:
    note = {"note": command.note} if command is not None and command.note else {}
    return Change(number=number, step=step, kind=do, command=command, of=of, told=note)


CHANGES = (
    change(1, 0, "set", Set(values={"epsilon": 1e-08}, at_step=4, over_steps=3, note="a: [b]\n#c")),
    change(2, 1, "set", Set(values={"momentum": 0.5}, keep_step_size=True)),
    change(3, 2, "set", Set(values={"dropout": 0.5}, at_step=9)),
    change(4, 3, "cancel", Cancel(command_id=3), of=3),
    change(5, 4, "scheduled", None, of=1),
    change(6, 4, "set", Set(values={"batch_size": 7, "nesterov": True}, batch_now=True)),
    change(7, 5, "extend", Extend(steps=4)),
    change(8, 6, "fork", Fork(values={"optimizer": "adam"}, steps=8)),
)
RECIPE = Recipe(
    run_id=3,
    name="panda",
    ended="finished",
    task="spirals",
    seed=7,
    steps=6,
    until=8,
    values={"learning_rate": 0.05, "batch_size": 32, "nesterov": False, "optimizer": "sgd"},
    made_with={
        "code_sha256": "0" * 64,
        "data_sha256": "1e5" + "7" * 61,  # all digits but one: a number, for a careless reader
        "versions": {"python": "3.12", "torch": "2.13.0", "numpy": "2.4"},
        "threads": 1,
        "device": "cpu",
    },
    changes=CHANGES,
    states=(
        RecordedState(
            step=8, when="after", cause="end", weights_sha256="a" * 64, state_sha256="b" * 64
        ),
    ),
    recorded=recorded([0.5] * 8),
)


def same(one: Recipe, other: Recipe) -> bool:
    bits = [
        (recipe.recorded.steps.tolist(), recipe.recorded.values.tobytes())
        for recipe in (one, other)
    ]
    return bits[0] == bits[1] and replace(one, recorded=RECIPE.recorded) == replace(
        other, recorded=RECIPE.recorded
    )


def test_a_recipe_is_read_back_as_it_was_written() -> None:
    assert same(read_recipe(write_recipe(RECIPE)), RECIPE)


@example(value=1e-08, name="\x85", note="a\u2028b\r\n\ufeff# no comment: [")
@given(value=FINITE | st.sampled_from(AWKWARD), name=TEXTS, note=TEXTS)
def test_every_value_comes_back_equal_to_the_last_bit(value: float, name: str, note: str) -> None:
    spec = Set(values={"learning_rate": value}, note=note)
    recipe = replace(
        RECIPE,
        name=name,
        values={"learning_rate": value},
        changes=(change(1, 2, "set", spec),),
    )

    again = read_recipe(write_recipe(recipe))

    assert (again.name, again.changes[0].command) == (name, spec)
    found = again.values["learning_rate"]
    assert isinstance(found, float)
    assert struct.pack("<d", found) == struct.pack("<d", value)


@given(st.lists(st.floats(), min_size=1, max_size=50))
def test_what_was_recorded_comes_back_equal_to_the_last_bit(costs: list[float]) -> None:
    recipe = replace(RECIPE, recorded=recorded([*costs, math.nan, math.inf, -0.0]))

    assert same(read_recipe(write_recipe(recipe)), recipe)


@pytest.mark.parametrize("more", [0, 1])
def test_a_recipe_has_no_more_numbers_than_are_ever_written(more: int) -> None:
    """A short text can be unpacked into as many zeros as a disk holds."""
    count = COMPARED_STEPS_MAX + 1 + more
    text = write_recipe(replace(RECIPE, recorded=recorded([0.0] * count)))

    with pytest.raises(BadRecipe, match="count") if more else contextlib.nullcontext():
        assert len(read_recipe(text).recorded.steps) == count


def test_the_file_is_yaml_that_a_person_can_read() -> None:
    text = write_recipe(RECIPE)
    body = yaml.safe_load(text)

    assert body["values"] == RECIPE.values
    assert body["changes"][5] == {
        "number": 6,
        "step": 4,
        "do": "set",
        "values": {"batch_size": 7, "nesterov": True},
        "batch_now": True,
    }
    assert body["changes"][4] == {"number": 5, "step": 4, "do": "scheduled", "change": 1}
    assert text.index("packed") > text.index("checkpoints:") > text.index("changes:")
    assert max(map(len, text.splitlines())) <= 110


def test_a_number_without_a_point_is_one_all_the_same() -> None:
    text = write_recipe(RECIPE).replace("learning_rate: 0.05", "learning_rate: 5e-2")

    assert read_recipe(text).values["learning_rate"] == 0.05


def test_the_order_at_one_step_and_the_end_go_to_the_worker() -> None:
    stopped = replace(RECIPE, until=7)

    spec = commands(stopped, first_id=10)

    assert [sent.command["kind"] for sent in spec] == [
        "set", "set", "set", "cancel", "set", "extend", "fork", "stop",
    ]  # fmt: skip
    assert [sent.command_id for sent in spec] == list(range(10, 18))
    assert [sent.redo_at for sent in spec] == [0, 1, 2, 3, 4, 5, 6, 7]
    assert [sent.after_scheduled for sent in spec] == [False] * 4 + [True] + [False] * 3
    assert spec[3].command["command_id"] == 12
    assert [sent.command["kind"] for sent in commands(RECIPE, 1)][-1] == "fork"  # ends by itself


def test_of_a_long_run_some_steps_are_compared_and_always_the_last() -> None:
    thin = recorded([float(step) for step in range(1, 1004)]).downsample(100)

    assert thin.every == 11
    assert thin.steps.tolist()[:2] == [11, 22]
    assert thin.steps[-1] == 1003
    assert thin.values[0].tolist() == [float(step) for step in thin.steps]
    assert len(thin.steps) <= 101


LONG = Set(values={"momentum": 0.5}, note="x" * 64_001)
BOMB = "a: &a [x, x, x]\n" + "b: &b [*a, *a, *a]\n" * 20
BAD = {
    "not YAML": "a: [",
    "a list": "- 1\n",
    "nothing": "",
    "binary": "\0\1",
    "deep": "[" * 5000,
    "another format": write_recipe(RECIPE).replace("format: 1", "format: 2"),
    "no seed": write_recipe(RECIPE).replace("seed: 7", ""),
    "a seed of text": write_recipe(RECIPE).replace("seed: 7", "seed: seven"),
    "steps that are true": write_recipe(RECIPE).replace("steps: 6\n", "steps: true\n"),
    "an unknown deed": write_recipe(RECIPE).replace("do: extend", "do: dance"),
    "a field too many": write_recipe(RECIPE).replace("batch_now: true", "batch_later: true"),
    "a value that is none": write_recipe(RECIPE).replace("momentum: 0.5", "momentum: [0.5]"),
    "a step back": write_recipe(RECIPE).replace("step: 5", "step: 3"),
    "a step beyond": write_recipe(RECIPE).replace("step: 6", "step: 60"),
    "another order": write_recipe(RECIPE).replace("number: 2", "number: 3"),
    "what was never scheduled": write_recipe(RECIPE).replace("change: 1", "change: 2"),
    "no hash": write_recipe(RECIPE).replace("b" * 64, "b" * 63),
    "python": "!!python/object/apply:os.getcwd []",
    "damaged numbers": write_recipe(RECIPE).replace("packed: |\n    e", "packed: |\n    f"),
    "too few numbers": write_recipe(RECIPE).replace("count: 8", "count: 9"),
    "too many numbers": write_recipe(RECIPE).replace("count: 8", "count: 7"),
    "more numbers than any has": write_recipe(RECIPE).replace("count: 8", "count: 200002"),
    "an alias": write_recipe(RECIPE).replace("seed: 7", "seed: &a 7"),
    "a bomb of aliases": BOMB,
    "a tag": write_recipe(RECIPE).replace("seed: 7", 'seed: !!int ""'),
    "a date that is none": write_recipe(RECIPE).replace("name: panda", "name: 2001-02-30"),
    "a surrogate": write_recipe(RECIPE).replace("name: panda", 'name: "\\ud800"'),
    "a NUL": write_recipe(RECIPE).replace("name: panda", 'name: "\\0"'),
    "a surrogate for a name": write_recipe(RECIPE).replace("momentum: 0.5", '"\\ud800": 0.5'),
    "a huge number": write_recipe(RECIPE).replace("batch_size: 7", "batch_size: 0x" + "f" * 400),
    "steps beyond all": write_recipe(RECIPE).replace("steps: 4", "steps: 1000000000"),
    "a step of true": write_recipe(RECIPE).replace("at_step: 9", "at_step: true"),
    "a version that is a list": write_recipe(RECIPE).replace("torch: 2.13.0", "torch: [[[]]]"),
    "too deep": write_recipe(RECIPE).replace("mixed", "x") + "x: " + "[" * 33 + "]" * 33,
    "too many parts": "- [" + "1, " * 100_000 + "]",
    "a long note": write_recipe(replace(RECIPE, changes=(change(1, 0, "set", LONG),))),
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_what_is_no_recipe_is_refused_in_one_line(text: str) -> None:
    assert text != write_recipe(RECIPE)
    with pytest.raises(BadRecipe) as refused:
        read_recipe(text)

    assert str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("right", ["momentum: 0.5", "batch_now: true", "torch: 2.13.0", "seed: 7"])
def test_a_refusal_repeats_nothing_but_plain_names(right: str) -> None:
    for wrong in (
        '"<canary> 1": [1]',
        "Canary: [1]",
        f"{right[:8]}: [canary]",
        "canary canary: {}",
    ):
        with pytest.raises(BadRecipe) as refused:
            read_recipe(write_recipe(RECIPE).replace(right, wrong))
        assert "canary" not in str(refused.value).lower()
