"""Batch sizes and dropout that change in mid-run: seen from inside the task."""

from __future__ import annotations

import ast
from collections import Counter
from itertools import chain

import pytest

from babysit.protocol.commands import Set, Stop
from babysit.protocol.values import Values
from tests.babysit.worker_harness import Lab, LabRun

SIZE = 50  # examples
# Prints which examples each update sees. Augmentation happens in training only.
SHOWN = f"""
import torch
from torch import nn
from babysit.task import Data, Examples, Task, mean_squared_error

def load():
    x = torch.arange({SIZE}.0).reshape(-1, 1)
    return Data(train=Examples(x, x), val=Examples(x, x))

def show(x, random):
    print([int(number) for number in x.flatten()])
    return x / {SIZE}

TASK = Task(title="Shown", summary="", kind="regression", load=load, augment=show,
            build=lambda values: nn.Linear(1, 1), cost=mean_squared_error)
"""

# Prints which part of the hidden units is silenced in each update.
SILENCED = """
import torch
from torch import nn
from babysit.task import Data, Examples, Task

def load():
    x = torch.ones(32, 1)
    return Data(train=Examples(x, x), val=Examples(x, x))

def build(values):
    return nn.Sequential(nn.Linear(1, 4000), nn.Dropout(values["dropout"]))

def cost(output, y, values):
    if torch.is_grad_enabled():
        print([round(float((output == 0).float().mean()), 4)])
    return (output ** 2).mean()

TASK = Task(title="Silenced", summary="", kind="regression", load=load, build=build, cost=cost,
            hyperparameters=("dropout",), defaults={"learning_rate": 0.001})
"""

NO_DROPOUT = SILENCED.replace(', nn.Dropout(values["dropout"])', "")


def printed(run: LabRun) -> list[list[float]]:
    """What each update printed, in order."""
    lines = (run.directory / "worker.log").read_text().splitlines()
    return [ast.literal_eval(line) for line in lines]


def epochs(batches: list[list[float]]) -> list[list[list[float]]]:
    """The batches by epoch: a new one begins when an example comes again."""
    found: list[list[list[float]]] = [[]]
    for batch in batches:
        if {example for seen in found[-1] for example in seen} & set(batch):
            found.append([])
        found[-1].append(batch)
    return found


def sizes(epoch: list[list[float]]) -> list[int]:
    return [len(batch) for batch in epoch]


def assert_each_example_once(epoch: list[list[float]], size: int = SIZE) -> None:
    counts = Counter(example for batch in epoch for example in batch)
    assert counts == dict.fromkeys(range(size), 1)


def test_a_batch_size_waits_for_the_next_epoch(lab: Lab) -> None:
    task = lab.task("shown", SHOWN)
    run = lab.start(
        task,
        steps=12,
        values={"batch_size": 10},
        commands=[Set(values={"batch_size": 25}, at_step=2)],
    ).finished()

    first, second, third, *_ = epochs(printed(run))
    changed = run.said("changed")[0]

    assert sizes(first) == [10, 10, 10, 10, 10]
    assert sizes(second) == sizes(third) == [25, 25]
    assert (changed["step"], changed["effective_step"]) == (2, 6)
    assert changed["after"] == {"batch_size": 25}
    for epoch in (first, second, third):
        assert_each_example_once(epoch)


@pytest.mark.parametrize(
    ("batch_size", "expected"), [(6, [10, 10, 6, 6, 6, 6, 6]), (40, [10, 10, 30])]
)
def test_a_batch_size_for_now_deals_out_the_rest_of_the_epoch(
    lab: Lab, batch_size: int, expected: list[int]
) -> None:
    """No example comes twice, none is left out."""
    task = lab.task("shown", SHOWN)
    run = lab.start(
        task,
        steps=16,
        values={"batch_size": 10},
        commands=[Set(values={"batch_size": batch_size}, at_step=2, batch_now=True)],
    ).finished()

    first, second = epochs(printed(run))[:2]

    assert run.said("changed")[0]["effective_step"] == 3
    assert sizes(first) == expected
    assert_each_example_once(first)
    assert_each_example_once(second)
    assert list(chain(*first)) != list(chain(*second))  # each epoch has an order of its own


def test_a_batch_size_at_the_end_of_an_epoch_is_used_at_once(lab: Lab) -> None:
    task = lab.task("shown", SHOWN)
    run = lab.start(
        task,
        steps=7,
        values={"batch_size": 10},
        commands=[Set(values={"batch_size": 50}, at_step=5)],
    ).finished()

    assert run.said("changed")[0]["effective_step"] == 6
    assert sizes(printed(run)) == [10] * 5 + [50] * 2


def test_a_single_left_over_example_is_passed_over(lab: Lab) -> None:
    """Batch normalisation cannot work on one example."""
    task = lab.task("shown", SHOWN)
    run = lab.start(task, steps=4, values={"batch_size": 49}).finished()

    assert sizes(printed(run)) == [49, 49, 49, 49]


def test_a_fork_with_another_batch_size_uses_it_from_its_first_update(lab: Lab) -> None:
    task = lab.task("shown", SHOWN)
    parent = lab.start(task, steps=2, values={"batch_size": 10}).finished()
    fork = lab.fork(parent, parent.checkpoints()[-1], steps=4, values={"batch_size": 15})

    batches = printed(parent) + printed(fork.finished())

    assert sizes(batches) == [10, 10, 15, 15]
    assert_each_example_once(batches)


def test_dropout_reaches_the_network_while_it_runs(lab: Lab) -> None:
    task = lab.task("silenced", SILENCED)
    run = lab.start(
        task,
        steps=30,
        values={"dropout": 0.0},
        commands=[
            Set(values={"dropout": 0.5}, at_step=10),
            Set(values={"dropout": 0.9}, at_step=20),
        ],
    ).finished()

    silenced = [part for (part,) in printed(run)]

    assert silenced[:10] == [0.0] * 10
    assert silenced[10:20] == pytest.approx([0.5] * 10, abs=0.05)
    assert silenced[20:] == pytest.approx([0.9] * 10, abs=0.05)
    assert run.said("changed")[1]["before"] == {"dropout": 0.5}


def test_dropout_of_a_fork_reaches_the_network(lab: Lab) -> None:
    task = lab.task("silenced", SILENCED)
    parent = lab.start(task, steps=2, values={"dropout": 0.1}).finished()
    overrides: Values = {"dropout": 0.8}
    fork = lab.fork(parent, parent.checkpoints()[-1], steps=4, values=overrides).finished()

    assert [part for (part,) in printed(fork)] == pytest.approx([0.8] * 2, abs=0.05)


def test_dropout_is_refused_where_it_would_do_nothing(lab: Lab) -> None:
    task = lab.task("no-dropout", NO_DROPOUT)
    run = lab.start(task, steps=10**6, max_steps_per_s=200)

    refused = run.do(Set(values={"dropout": 0.5}))
    run.do(Stop())

    assert (refused["kind"], refused["field"]) == ("refused", "dropout")
    assert run.end()["status"] == "stopped"
