"""What is measured beside a training never ends it."""

from __future__ import annotations

import math

from tests.babysit.worker_harness import Lab

FAILING = """
import torch
from torch import nn
from babysit.task import Data, Examples, Task

calls = 0
frozen = []

def load():
    x = torch.arange(40) % 5
    return Data(train=Examples(x, x % 2), val=Examples(x, x % 2))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.norm = nn.Embedding(5, 4, sparse=True), nn.BatchNorm1d(4)
        self.last = nn.Linear(4, 2)
        self.norm.eval()

    def forward(self, x):
        frozen.append(self.norm.training)
        return self.last(self.norm(self.words(x)))

def auc(output, y):
    global calls
    calls += 1
    if calls > 4:
        raise ValueError("only one class is present")
    return torch.tensor(0.5)

def was_frozen(output, y):
    return torch.tensor(float(any(frozen)))

def picture(network):
    raise SystemExit("no canvas")

TASK = Task(title="Failing", summary="", load=load, build=lambda values: Net(), picture=picture,
            metrics={"auc": auc, "thawed": was_frozen}, evaluate_every=5)
"""


def test_a_metric_and_a_picture_that_raise_are_said_once_and_the_run_finishes(lab: Lab) -> None:
    run = lab.start(lab.task("failing", FAILING), steps=60).finished()

    auc = run.points["val/auc"]
    said = [event["message"] for event in run.said("warned")]
    assert auc[5] == 0.5
    assert math.isnan(auc[60])
    assert math.isfinite(run.points["val/cost"][60])
    assert run.points["val/thawed"][60] == 0.0  # the frozen batch norm stayed frozen
    assert math.isfinite(run.points["grad_norm"][20])  # of a sparse gradient
    assert len([text for text in said if "val/auc" in text and "ValueError" in text]) == 1
    assert len([text for text in said if "picture" in text and "no canvas" in text]) == 1
