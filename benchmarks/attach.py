"""What an attached loop costs: the loop of a script under Babysit against the same loop alone.

`python benchmarks/attach.py [--pairs 20] [--steps 2000]` makes the same updates in two processes,
in turns of so many steps, and prints medians of paired ratios: of processor time with all threads,
of the loop's thread alone, and of the clock. The bare loop reads each loss, as the attached one
records it. A second comparison is of loaders alone: `run.batches` of 32 small samples, and of 32
images that are made from bytes, against the plain `DataLoader`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.paired import Loop, compare, take_turns

KINDS = ("a plain loop", "batches of 32 small samples", "batches of 32 images")
ENDLESS = 10**9


def network() -> tuple[nn.Module, torch.optim.Optimizer]:
    net = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 10))
    return net, torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)


def update(net: nn.Module, optimizer: torch.optim.Optimizer, x: Any, y: Any) -> torch.Tensor:
    loss = nn.functional.cross_entropy(net(x), y)
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss


class Images(Dataset[Any]):
    """Images of 224 × 224, scaled from bytes of 256 × 256."""

    def __init__(self) -> None:
        self._bytes = torch.randint(256, (64, 3, 256, 256), dtype=torch.uint8)

    def __len__(self) -> int:
        return 640

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        image = self._bytes[index % 64].float().div(255)[None]
        return nn.functional.interpolate(image, (224, 224), mode="bilinear")[0], index % 10


def loader_of(kind: str) -> DataLoader[Any]:
    if kind == KINDS[2]:
        return DataLoader(Images(), 32, shuffle=True)
    samples = TensorDataset(torch.randn(6400, 16), torch.randint(10, (6400,)))
    return DataLoader(samples, 32, shuffle=True)


def bare_loop(kind: str) -> Iterator[None]:
    if kind != KINDS[0]:
        loader = loader_of(kind)
        while True:
            for _ in loader:
                yield
    net, optimizer = network()
    x, y, losses = torch.randn(64, 64), torch.randint(10, (64,)), []
    while True:
        losses.append(update(net, optimizer, x, y).item())
        yield


def attached_loop(kind: str) -> Iterator[None]:
    import babysit

    net, optimizer = network()
    run = babysit.attach("overhead", model=net, optimizer=optimizer)
    if kind != KINDS[0]:
        loader = loader_of(kind)
        for _ in run.epochs(ENDLESS):
            for _ in run.batches(loader):
                yield
    x, y = torch.randn(64, 64), torch.randint(10, (64,))
    for _ in run.steps(ENDLESS):
        run.log(loss=update(net, optimizer, x, y))
        yield


def loop(name: str, kind: str) -> None:
    torch.set_num_threads(1)
    turns = bare_loop(kind) if name == "bare" else attached_loop(kind)

    def work(steps: int) -> None:
        for _ in range(steps):
            next(turns)

    take_turns(work)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--loop", nargs=2, metavar=("NAME", "KIND"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.loop:
        loop(*asked.loop)
        return
    with tempfile.TemporaryDirectory(prefix="attach-") as folder:
        os.environ["BABYSIT_DATA_DIR"] = folder
        for kind in KINDS:
            loops = [Loop(__file__, ["--loop", name, kind]) for name in ("bare", "attached")]
            steps = max(1, asked.steps // 100) if kind == KINDS[2] else asked.steps
            compare(kind, *loops, steps=steps, pairs=asked.pairs)
            for each in loops:
                each.end()
    print(f"PyTorch {torch.__version__}, 1 thread")


if __name__ == "__main__":
    main()
