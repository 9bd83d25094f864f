"""What is measured beside the cost in every training: gradients, how far a step goes, speed."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import torch
from torch import Tensor, nn

MEASURE_EVERY = 20  # steps; measuring at each one would cost more than 5 % of a 300 µs step


def is_measured(step: int) -> bool:
    """Whether gradient norm, step size and speed are recorded for update `step`."""
    return step == 1 or step % MEASURE_EVERY == 0


def norm(tensors: Sequence[Tensor]) -> float:
    """L2 norm over all tensors; waits for a GPU."""
    if not tensors:
        return 0.0
    # A sparse gradient, as of `nn.Embedding(sparse=True)`, has the norm of what it stores.
    dense = [item.coalesce().values() if item.is_sparse else item for item in tensors]
    norms = torch._foreach_norm(dense)
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
