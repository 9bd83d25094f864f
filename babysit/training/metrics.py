"""What is measured beside the cost: the validation set, gradients, how far a step goes, speed."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import default_collate

from babysit.protocol.values import Values
from babysit.task import Examples, ExampleSet, Task
from babysit.training.data import KeptGenerators, SeededDataset, to_device

MEASURE_EVERY = 20  # steps; measuring at each one would cost more than 5 % of a 300 µs step
EVALUATION_BATCH = 1024  # examples
PROBE_SIZE = 256  # training examples that train/accuracy is measured on


def is_measured(step: int) -> bool:
    """Whether gradient norm, step size and speed are recorded for update `step`."""
    return step == 1 or step % MEASURE_EVERY == 0


def norm(tensors: Sequence[Tensor]) -> float:
    """L2 norm over all tensors; waits for a GPU."""
    if not tensors:
        return 0.0
    norms = torch._foreach_norm(list(tensors))
    if norms[0].is_cuda:
        return float(torch.linalg.vector_norm(torch.stack(norms)))
    # On the CPU reading a number costs a tenth of stacking it.
    return math.hypot(*(part.item() for part in norms))


class StepSize:
    """‖Δθ‖/‖θ‖ of one update: remember the parameters before it, compare after it."""

    def __init__(self, network: nn.Module) -> None:
        self._parameters: list[Tensor] = [p for p in network.parameters() if p.requires_grad]
        self._before = [torch.empty_like(p) for p in self._parameters]

    @torch.no_grad()
    def remember(self) -> None:
        torch._foreach_copy_(self._before, self._parameters)

    @torch.no_grad()
    def measure(self) -> float:
        torch._foreach_sub_(self._before, self._parameters)
        size = norm(self._parameters)
        moved = norm(self._before)
        return moved / size if size else math.nan


class Clock:
    """Time spent training, pauses cut out, and the speed of the last steps."""

    def __init__(self, active_s: float = 0.0) -> None:
        self._active_s = active_s
        self._since = time.monotonic()
        self._last: tuple[int, float] | None = None
        self._running = True

    def active_s(self) -> float:
        running = time.monotonic() - self._since if self._running else 0.0
        return self._active_s + running

    def pause(self) -> None:
        self._active_s = self.active_s()
        self._running = False
        self._last = None

    def resume(self) -> None:
        self._since = time.monotonic()
        self._running = True

    def steps_per_s(self, step: int) -> float:
        """Steps a second since the last call; NaN at the first call after a pause."""
        now = time.monotonic()
        before, self._last = self._last, (step, now)
        if before is None or now <= before[1]:
            return math.nan
        return (step - before[0]) / (now - before[1])


def evaluate(
    task: Task, network: nn.Module, data: Any, values: Values, device: str
) -> dict[str, float]:
    """Measure the validation set, and the task's metrics on a fixed part of the training set.

    Nothing of the training is touched: the network goes back to training mode and the generators
    are left as they were, whatever a metric draws.
    """
    with KeptGenerators(), torch.no_grad():
        network.eval()
        try:
            found = _measure(task, network, data.val, values, device, cost=True)
            series = {f"val/{name}": value for name, value in found.items()}
            if task.metrics:
                probe = _first(data.train, PROBE_SIZE)
                found = _measure(task, network, probe, values, device, cost=False)
                series |= {f"train/{name}": value for name, value in found.items()}
        finally:
            network.train()
    return series


def _measure(
    task: Task,
    network: nn.Module,
    examples: ExampleSet,
    values: Values,
    device: str,
    *,
    cost: bool,
) -> dict[str, float]:
    """Means over the examples."""
    sums: dict[str, float] = {}
    size = len(examples)  # type: ignore[arg-type]
    for start in range(0, size, EVALUATION_BATCH):
        end = min(start + EVALUATION_BATCH, size)
        x, y = _batch(examples, start, end, device)
        output = network(x)
        means = {name: metric(output, y) for name, metric in task.metrics.items()}
        if cost:
            means = {"cost": task.cost(output, y, values), **means}
        for name, mean in means.items():
            sums[name] = sums.get(name, 0.0) + float(mean) * (end - start)
    return {name: total / size for name, total in sums.items()}


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
