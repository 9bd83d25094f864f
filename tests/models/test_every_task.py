"""What holds for every task that comes with Babysit."""

from __future__ import annotations

import importlib
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import models
from babysit.task import Examples, Task
from tests.models.plain_loop import examples_of, learn, mean, values_of

FOLDER = Path(models.__file__).parent
NAMES = sorted(file.stem for file in FOLDER.glob("[!_]*.py"))


# It has a plateau, on purpose; the others need few. That of char_gpt is looked at in its own file.
STEPS_TO_LEARN = {"spirals": 400}


def find_task(name: str) -> Task:
    found = importlib.import_module(f"models.{name}").TASK
    assert isinstance(found, Task)
    return found


@pytest.fixture(params=NAMES)
def task(request: pytest.FixtureRequest) -> Task:
    return find_task(request.param)


def test_the_shipped_tasks_are_these_five() -> None:
    assert NAMES == ["char_gpt", "diabetes", "digits", "digits_cnn", "spirals"]


def test_a_task_says_in_a_line_what_it_is(task: Task) -> None:
    assert 0 < len(task.title) <= 40
    assert 0 < len(task.summary) <= 100
    assert task.summary.endswith(".")


@pytest.mark.parametrize(("hidden_units", "layers", "dropout"), [(1, 1, 0.0), (12, 3, 0.5)])
def test_a_network_is_built_for_other_hidden_units_layers_and_dropout(
    task: Task, hidden_units: int, layers: int, dropout: float
) -> None:
    train, _ = examples_of(task.load())
    changed = {"hidden_units": hidden_units, "layers": layers, "dropout": dropout}
    values = values_of(task, len(train), **changed)

    network = task.build(values)
    output = network(train.x[:4])

    assert math.isfinite(task.cost(output, train.y[:4], values).item())
    dropouts = [module.p for module in network.modules() if isinstance(module, nn.Dropout)]
    assert dropouts
    assert set(dropouts) == {dropout}


def test_more_hidden_units_and_more_layers_make_a_larger_network(task: Task) -> None:
    values = values_of(task, 100, hidden_units=8, layers=1)

    small, wide, deep = (
        sum(parameter.numel() for parameter in task.build({**values, **changed}).parameters())
        for changed in ({}, {"hidden_units": 16}, {"layers": 2})
    )

    assert wide > small
    assert deep > small


@pytest.mark.parametrize("name", [name for name in NAMES if name != "char_gpt"])
def test_the_cost_falls_in_a_plain_loop(name: str) -> None:
    _, costs = learn(find_task(name), steps=STEPS_TO_LEARN.get(name, 60))

    assert all(map(math.isfinite, costs))
    assert mean(costs[-10:]) < 0.8 * mean(costs[:10])


def test_metrics_are_finite_numbers(task: Task) -> None:
    _, val = examples_of(task.load())
    values = values_of(task, 100)
    network = task.build(values).eval()

    with torch.inference_mode():
        output = network(val.x[:64])
        measured = [metric(output, val.y[:64]).item() for metric in task.metrics.values()]

    assert measured
    assert all(map(math.isfinite, measured))


def test_equal_seeds_build_equal_networks(task: Task) -> None:
    values = values_of(task, 100)

    states = []
    for _ in range(2):
        torch.manual_seed(7)
        states.append(task.build(values).state_dict())

    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_data_are_the_same_at_each_load_and_draw_nothing_from_the_global_generator(
    task: Task,
) -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = examples_of(task.load())
    torch.manual_seed(1)

    second = examples_of(task.load())

    assert torch.equal(torch.get_rng_state(), before)
    for one, other in zip(first, second, strict=True):
        assert torch.equal(one.x, other.x)
        assert torch.equal(one.y, other.y)


def test_no_example_is_in_both_sets(task: Task) -> None:
    train, val = examples_of(task.load())

    assert not _rows(train) & _rows(val)


def _rows(examples: Examples) -> set[bytes]:
    return {x.numpy().tobytes() for x in examples.x}


def test_loading_the_data_does_not_wait_for_scikit_learn() -> None:
    """Importing it takes over a second, on every start of a run."""
    program = (
        "import importlib, sys\n"
        f"for name in {NAMES!r}: importlib.import_module(f'models.{{name}}').TASK.load()\n"
        "sys.exit('sklearn' in sys.modules)"
    )

    ended = subprocess.run([sys.executable, "-c", program], cwd=FOLDER.parent, check=False)

    assert ended.returncode == 0


@pytest.mark.parametrize("name", ["digits", "digits_cnn", "diabetes"])
def test_data_that_are_not_installed_are_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    task = find_task(name)
    monkeypatch.setitem(sys.modules, "sklearn", None)

    with pytest.raises(ModuleNotFoundError, match="scikit-learn, which is not installed"):
        task.load()
