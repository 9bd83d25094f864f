"""State of a task's own code that is in no `state_dict` is saved, or said to be lost."""

from __future__ import annotations

import pytest

from babysit.protocol.commands import SaveCheckpoint
from tests.babysit.worker_harness import Lab, LabRun

STEPS = 60
TASK = """
import collections, itertools, random
import numpy as np
import torch
from torch import nn
from babysit.task import Data, Examples, Task, cross_entropy

def load():
    x = torch.randn(64, 4, generator=torch.Generator().manual_seed(0))
    y = (x[:, 0] > 0).long()
    return Data(train=Examples(x[:48], y[:48]), val=Examples(x[48:], y[48:]))

class Counter:
    total = 0
    def __init__(self):
        self.seen = 0

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 2)
        self.seen, self.counter = 0, Counter()
        self.past = collections.deque(maxlen=3)
        self.generator = torch.Generator().manual_seed(1)
        self.numpy, self.python = np.random.default_rng(2), random.Random(3)
        self.register_buffer("mean", torch.zeros(2), persistent=False)
        self.numbers = itertools.count()
    def get_extra_state(self):
        return {"scale": self.scale} if hasattr(self, "scale") else None
    def set_extra_state(self, state):
        if state:
            self.scale = state["scale"]
    def forward(self, x):
        return self.a(x) * (STATE if self.training else 1.0)

calls = 0
TEACHER = nn.Linear(4, 2)

def counted():
    steps = [0]
    def cost(output, y, values):
        total = 0
        if torch.is_grad_enabled():
            global calls
            calls += 1
            steps[0] += 1
        return cross_entropy(output, y, values) * (1 + COST)
    return cost

def build(values):
    for parameter in TEACHER.parameters():
        nn.init.ones_(parameter)
    return Net()

TASK = Task(title="State", summary="", load=load, build=build, cost=counted())
"""
# What the network's output is multiplied by, and what is added to the factor of the cost.
KINDS = {
    "attribute": ("[setattr(self, 'seen', self.seen + 1), self.seen / 50][1]", "0"),
    "new attribute": (
        "[setattr(self, 'late', getattr(self, 'late', 0) + 1), self.late / 50][1]",
        "0",
    ),
    "attribute of an object": (
        "[setattr(self.counter, 'seen', self.counter.seen + 1), self.counter.seen / 50][1]",
        "0",
    ),
    "attribute of a class": (
        "[setattr(Counter, 'total', Counter.total + 1), Counter.total / 50][1]",
        "0",
    ),
    "list of tensors": ("[self.past.append(x.mean()), sum(self.past)][1]", "0"),
    "generator of torch": ("torch.rand(1, generator=self.generator)", "0"),
    "generator of numpy": ("float(self.numpy.random())", "0"),
    "generator of python": ("self.python.random()", "0"),
    "buffer": ("[self.mean.add_(x.detach().mean()), self.mean][1]", "0"),
    "extra state": ("[setattr(self, 'scale', getattr(self, 'scale', 0) + 1), self.scale][1]", "0"),
    "teacher": ("[TEACHER.weight.data.mul_(0.99), TEACHER(x).mean().item()][1]", "0"),
    "global": ("1.0", "calls / 50"),
    "closure": ("1.0", "steps[0] / 50"),
    "frozen": ("[self.a.bias.requires_grad_(False), 1.0][1]", "0"),
}


def task(lab: Lab, kind: str) -> str:
    state, cost = KINDS[kind]
    source = TASK.replace("STATE", state).replace("1 + COST", f"1 + {cost}")
    return lab.task(f"state-{kind.replace(' ', '-')}", source)


def half_way(lab: Lab, name: str) -> tuple[LabRun, LabRun]:
    """A run, and what goes on without a change from a checkpoint in its middle."""
    run = lab.start(name, steps=STEPS, max_steps_per_s=40)  # slow: the save comes in time
    run.wait_for_step(8)
    run.do(SaveCheckpoint())
    run.finished()
    return run, lab.fork(run, run.checkpoints(cause="user")[0], steps=STEPS).finished()


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_fork_goes_on_with_all_of_the_tasks_own_state(lab: Lab, kind: str) -> None:
    run, fork = half_way(lab, task(lab, kind))

    assert fork.costs == {step: cost for step, cost in run.costs.items() if step in fork.costs}
    assert len(fork.costs) >= 20
    assert fork.final_sha256 == run.final_sha256
    assert fork.said("warned") == []


def test_state_that_cannot_be_saved_is_named(lab: Lab) -> None:
    source = TASK.replace("STATE", "self.use()").replace(
        "    def get_extra_state",
        "    def use(self):\n"
        "        self.numbers = itertools.count(next(self.numbers) + 1)\n"
        "        return 1.0\n"
        "    def get_extra_state",
    )
    run = lab.start(lab.task("state-iterator", source.replace("1 + COST", "1")), steps=5)

    warned = [event["message"] for event in run.finished().said("warned")]

    assert any("network.numbers" in text and "no checkpoint" in text for text in warned)


def test_a_fork_that_repeats_its_parent_is_exact(lab: Lab) -> None:
    _, fork = half_way(lab, task(lab, "attribute"))

    (found,) = fork.said("exactness")
    assert (found["level"], found["proved_at_step"]) == ("exact", STEPS)


def test_a_fork_that_differs_from_its_parent_says_so(lab: Lab) -> None:
    """The time of day is in no checkpoint, and nothing can find it."""
    source = TASK.replace("STATE", "time.time() % 1").replace("1 + COST", "1")
    name = lab.task("state-time", source.replace("import torch\n", "import time, torch\n", 1))

    _, fork = half_way(lab, name)

    (found,) = fork.said("exactness")
    warned = [event["message"] for event in fork.said("warned")]
    assert found["level"] == "approximate"
    assert [text for text in warned if "differs from its parent" in text] == found["reasons"]
