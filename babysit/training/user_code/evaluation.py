"""Measures the validation set and the task's metrics, beside the training."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.utils.data import default_collate

from babysit.protocol.values import Values
from babysit.task import Data, Examples, ExampleSet, Task
from babysit.training.data import SeededDataset, to_device
from babysit.training.user_code.failure import reason_of
from babysit.training.user_code.untouched import evaluation_mode

EVALUATION_BATCH = 1024  # examples
PROBE_SIZE = 256  # training examples that train/accuracy is measured on

# What a measurement may raise. `sys.exit` in a metric is a failure of the metric, too.
FAILURES = (Exception, SystemExit)


@dataclass(slots=True)
class Evaluation:
    """What was measured of a network, and why some of it could not be.

    series: name -> value; NaN where it could not be measured.
    failures: what failed -> the first exception. The training goes on.
    """

    network: nn.Module
    device: str
    series: dict[str, float]
    failures: dict[str, BaseException] = field(default_factory=dict)

    def failed(self, what: str, error: BaseException) -> None:
        self.failures.setdefault(what, error)

    def warnings(self) -> dict[str, str]:
        """A sentence for each failure, by its kind: what failed, and with which exception."""
        return {
            f"{what}: {type(error).__name__}": (
                f"{what} could not be measured and is NaN here; the training goes on. "
                f"{reason_of(error)}"
            )
            for what, error in self.failures.items()
        }


def evaluate(task: Task, network: nn.Module, data: Data, values: Values, device: str) -> Evaluation:
    """Measure the validation set, and the task's metrics on a fixed part of the training set.

    Nothing of the training is touched, whatever a metric draws. What raises is NaN.
    """
    names = [f"{part}/{metric}" for metric in task.metrics for part in ("val", "train")]
    found = Evaluation(network, device, dict.fromkeys(["val/cost", *names], math.nan))
    with evaluation_mode(network):
        costs = {"cost": lambda output, y: task.cost(output, y, values), **task.metrics}
        _measure(found, "val", costs, data.val)
        if task.metrics:
            try:
                probe = _first(data.train, PROBE_SIZE)
            except FAILURES as error:
                found.failed("The training set", error)
            else:
                _measure(found, "train", dict(task.metrics), probe)
    return found


def _measure(
    found: Evaluation,
    part: str,
    metrics: dict[str, Callable[[Any, Any], Any]],
    examples: ExampleSet,
) -> None:
    """Add the mean of each metric over the examples, as `part/metric`."""
    sums: dict[str, float] = {}
    try:
        size = len(examples)  # type: ignore[arg-type]
        for start in range(0, size, EVALUATION_BATCH):
            end = min(start + EVALUATION_BATCH, size)
            x, y = _batch(examples, start, end, found.device)
            output = found.network(x)
            for name, metric in metrics.items():
                mean = _mean(found, f"{part}/{name}", metric, output, y)
                sums[name] = sums.get(name, 0.0) + mean * (end - start)
    except FAILURES as error:
        found.failed("The validation set" if part == "val" else "The training set", error)
        return
    found.series |= {f"{part}/{name}": total / size for name, total in sums.items()}


def _mean(
    found: Evaluation, name: str, metric: Callable[[Any, Any], Any], output: Any, y: Any
) -> float:
    try:
        return float(metric(output, y))
    except FAILURES as error:
        found.failed(name, error)
        return math.nan


def _batch(examples: ExampleSet, start: int, end: int, device: str) -> tuple[Any, Any]:
    where = torch.device(device)
    if isinstance(examples, Examples):
        return examples.x[start:end].to(where), examples.y[start:end].to(where)
    source = SeededDataset(examples, 0)
    x, y = to_device(default_collate([source[0, index] for index in range(start, end)]), where)
    return x, y


def _first(examples: ExampleSet, count: int) -> ExampleSet:
    if isinstance(examples, Examples):
        return Examples(examples.x[:count], examples.y[:count])
    size = len(examples)  # type: ignore[arg-type]
    return torch.utils.data.Subset(examples, range(min(count, size)))
