"""What a checkpoint costs: how long the loop stands still, and the processor time of its writing.

`python benchmarks/checkpoints.py [--millions 25] [--times 7]` trains so many parameters with AdamW,
takes a checkpoint after each update as the loop does, and waits until it is on the disk. The first
checkpoint is not counted: it finds no memory that an earlier one has left.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parent.parent))

from babysit.attached.state.training import ScriptTraining
from babysit.worker.checkpoint_writer import Saver
from babysit.worker.recorder import Recorder

WIDTH = 1000


def processor_ms(of: int) -> float:
    used = resource.getrusage(of)
    return (used.ru_utime + used.ru_stime) * 1e3


def measured(work: Callable[[], object], of: int) -> tuple[float, float]:
    """Milliseconds that it took, and of processor time."""
    began, used = time.perf_counter(), processor_ms(of)
    work()
    return (time.perf_counter() - began) * 1e3, processor_ms(of) - used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--millions", type=int, default=25)
    parser.add_argument("--times", type=int, default=7)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    # As in a small language model, two fifths of the parameters are one large tensor.
    layers = asked.millions * 3 // 5
    words = (asked.millions - layers) * 1_000_000 // WIDTH
    linear = (nn.Linear(WIDTH, WIDTH) for _ in range(layers))
    network = nn.Sequential(nn.Embedding(words, WIDTH), *linear)
    optimizer = torch.optim.AdamW(network.parameters())
    training = ScriptTraining(seed=0, made_with={})
    training.parts.add("model", network)
    training.parts.add("optimizer", optimizer)
    training.find_optimizers()
    stalls: list[tuple[float, float]] = []
    writes: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        recorder = Recorder(directory, 1)
        saver = Saver(1, directory / "checkpoints", recorder)
        for _ in range(asked.times + 1):
            network(torch.zeros(1, dtype=torch.int64)).sum().backward()
            optimizer.step()
            optimizer.zero_grad()
            training.step += 1

            def take() -> None:
                snapshot = training.snapshot(saver.memory)
                saver.save(snapshot, "timer", version=0, val_cost=None)

            stalls.append(measured(take, resource.RUSAGE_THREAD))
            writes.append(measured(saver.wait, resource.RUSAGE_SELF))
        saver.close()
        recorder.close()
    print(f"{asked.millions} million parameters, AdamW, {asked.times} checkpoints")
    for name, found in (("the loop stands still", stalls), ("copied and written", writes)):
        walls, used = zip(*found[1:], strict=True)
        print(
            f"{name}: {statistics.median(used):.0f} ms of processor time (median), "
            f"{min(used):.0f} to {max(used):.0f}; wall {statistics.median(walls):.0f} ms"
        )


if __name__ == "__main__":
    main()
