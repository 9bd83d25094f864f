"""What an attached loop costs: the loop of a script under Babysit against the same loop alone.

`python benchmarks/attach.py [--pairs 40] [--steps 200]` makes the same updates in one process, in
turns of so many steps, in both orders, and prints the median of the paired ratios. The bare loop
reads each loss, as the attached one records it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parent.parent))

WARM_UP = 3


def network() -> tuple[nn.Module, torch.optim.Optimizer]:
    net = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 10))
    return net, torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)


def update(net: nn.Module, optimizer: torch.optim.Optimizer, x: Any, y: Any) -> torch.Tensor:
    loss = nn.functional.cross_entropy(net(x), y)
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss


def timed_us(work: Callable[[], None], steps: int) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) / steps * 1e6


def compare(name: str, bare: Iterator[Any], attached: Iterator[Any], asked: Any) -> None:
    """Advance both by turns, and print how they compare."""

    def turn(loop: Iterator[Any]) -> Callable[[], None]:
        def work() -> None:
            for _ in range(asked.steps):
                next(loop)

        return work

    for _ in range(WARM_UP):
        turn(bare)()
        turn(attached)()
    ratios, plain = [], []
    for pair in range(asked.pairs):
        order = (bare, attached) if pair % 2 else (attached, bare)
        times = {id(loop): timed_us(turn(loop), asked.steps) for loop in order}
        ratios.append(times[id(attached)] / times[id(bare)])
        plain.append(times[id(bare)])
    quartiles = statistics.quantiles(ratios, n=4)
    print(
        f"{name}: {statistics.median(ratios):.3f} × the bare loop (quartiles {quartiles[0]:.3f} to "
        f"{quartiles[2]:.3f}), a step {statistics.median(plain):.0f} µs"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--steps", type=int, default=200)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    total = (asked.pairs + WARM_UP + 1) * asked.steps * 2
    x, y = torch.randn(64, 64), torch.randint(10, (64,))
    with tempfile.TemporaryDirectory(prefix="attach-") as folder:
        os.environ["BABYSIT_DATA_DIR"] = folder
        import babysit

        net, optimizer = network()
        alone, optimizer_alone = network()
        run = babysit.attach("overhead", model=net, optimizer=optimizer)

        def bare_loop() -> Iterator[float]:
            while True:
                yield update(alone, optimizer_alone, x, y).item()

        def attached_loop() -> Iterator[None]:
            for _ in run.steps(total):
                run.log(loss=update(net, optimizer, x, y))
                yield

        compare("a plain loop", bare_loop(), attached_loop(), asked)
    print(f"PyTorch {torch.__version__}, 1 thread, a batch of 64")


if __name__ == "__main__":
    main()
