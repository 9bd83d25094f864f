"""What recording every step costs: our loop against the bare loop doing the same training.

`python benchmarks/overhead.py [--pairs 60] [--steps 200]` trains two equal networks in one process,
in turns of so many steps, in both orders, and prints the median of the paired ratios. Short turns
side by side see the same machine, however busy it is. The bare loop makes the same updates on the
same batches and evaluates as often; it records nothing. Both must end with equal weights.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent.parent))

from babysit.protocol.heartbeat import Heartbeat
from babysit.protocol.serialization import now
from babysit.protocol.spec.run_spec import RunSpec
from babysit.resume.history import RunHistory
from babysit.training.checkpoint import Snapshot, model_tensors
from babysit.training.state import Training
from babysit.training.user_code.evaluation import evaluate
from babysit.worker.__main__ import announce_start, prepare
from babysit.worker.checkpoint_writer import Saver
from babysit.worker.loop import train
from babysit.worker.recorder import Recorder
from babysit.worker.session import TrainingSession

ASKED = RunSpec(
    id=1,
    family_id=1,
    name="overhead",
    task="digits",
    values={"learning_rate": 0.05, "batch_size": 64, "hidden_units": 128, "dropout": 0.0},
    steps=0,
    seed=0,
    created_at=now(),
)
WARM_UP_TURNS = 3


def bare(training: Training, steps: int) -> None:
    """So many updates with nothing around them; each cost is read and kept."""
    task, network, optimizer = training.task, training.network, training.optimizer
    costs: list[float] = []
    for _ in range(steps):
        x, y = training.batches.next()
        cost = task.cost(network(x), y, training.controls.values)
        optimizer.zero_grad(set_to_none=True)
        cost.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        training.step += 1
        costs.append(cost.item())
        if training.step % task.evaluate_every == 0:
            evaluate(task, network, training.data, training.controls.values, "cpu")


def recorded(live: TrainingSession, steps: int) -> None:
    """The same under our loop: journal, telemetry and checkpoints on a real disk."""
    live.training.steps += steps
    train(live)


def timed_us(work: Callable[[], None], steps: int) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) / steps * 1e6


def weights(training: Training) -> str:
    return Snapshot(model_tensors(training.network), {}, {}, {}).weights_sha256()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--steps", type=int, default=200)
    arguments = parser.parse_args()
    steps, pairs = arguments.steps, arguments.pairs
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        (directory / "run.json").write_text(json.dumps(asdict(ASKED)))
        recorder = Recorder(directory, 1)
        saver = Saver(ASKED.id, directory / "checkpoints", recorder)
        plain = prepare(ASKED, directory, RunHistory())
        training, beat = prepare(ASKED, directory, RunHistory()), Heartbeat(directory, 1)
        live = TrainingSession(ASKED, directory, training, recorder, saver, beat)
        announce_start(live)
        plain.network.train()
        bare_us: list[float] = []
        ratios: list[float] = []
        for turn in range(WARM_UP_TURNS + pairs):
            both = {
                "bare": lambda: bare(plain, steps),
                "recorded": lambda: recorded(live, steps),
            }
            order = list(both) if turn % 2 == 0 else list(reversed(both))
            took_us = {name: timed_us(both[name], steps) for name in order}
            if turn >= WARM_UP_TURNS:
                bare_us.append(took_us["bare"])
                ratios.append(took_us["recorded"] / took_us["bare"])
        saver.close()
        recorder.close()
    if weights(plain) != weights(live.training):
        sys.exit("The two loops did not end with equal weights: this compares nothing.")
    low, median, high = statistics.quantiles(ratios, n=4)
    print(f"recorded / bare: median {median:.3f}, quartiles {low:.3f} to {high:.3f}, {pairs} pairs")
    print(f"a bare step takes {statistics.median(bare_us):.0f} µs (median)")


if __name__ == "__main__":
    main()
