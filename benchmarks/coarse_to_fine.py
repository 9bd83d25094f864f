"""Whether coarse-to-fine finds better values than plain random draws, with as many trainings.

`python benchmarks/coarse_to_fine.py [--seeds 10] [--trials 24] [--strategies random ...]` searches
learning rate, momentum, mini-batch size and hidden units of `digits` and `spirals` with each
strategy and seed. It prints the median over the seeds of the best trial's final validation cost,
its quartiles, and in how many seeds it is below random's. Trainings are real, one after the other,
with the data order, the weights and the updates that a run has, without server and journal.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import get_args

import torch

sys.path.insert(0, str(Path(__file__).parent.parent))

from app.search.samplers import CompletedTrial, Plan, sample, total
from app.search.space import Space, parse_space
from app.search.spec import Strategy
from babysit.protocol.serialization import now
from babysit.protocol.spec.run_spec import RunSpec
from babysit.protocol.spec.task_files import find_task_file
from babysit.protocol.values import Values
from babysit.task import Task
from babysit.training.state import begin
from babysit.training.task_loader import load_task
from babysit.training.user_code.evaluation import evaluate
from tests.app.search.spaces import plan_for

STEPS = {"digits": 300, "spirals": 600}
SPACE = {
    "learning_rate": {"scale": "log10", "low": 1e-4, "high": 1.0},
    "momentum": {"scale": "minus_log10_one_minus", "low": 0.5, "high": 0.999},
    "batch_size": {"scale": "log2", "low": 16, "high": 256},
    "hidden_units": {"scale": "log2", "low": 8, "high": 128},
}


@cache
def task_of(name: str) -> Task:
    """The task, its data loaded once."""
    task = load_task(find_task_file(name))
    data = task.load()
    return replace(task, load=lambda: data)


@cache
def space_of(name: str) -> Space:
    task = task_of(name)
    return parse_space(task.declared(len(task.load().train)), SPACE)  # type: ignore[arg-type]


def trained(name: str, values: Values, seed: int) -> float | None:
    """The final validation cost of one training; None when it diverged."""
    steps = STEPS[name]
    asked = RunSpec(
        id=1, family_id=1, name=name, task=name, values=values, steps=steps, seed=seed,
        created_at=now(),
    )  # fmt: skip
    training = begin(asked, task_of(name), device="cpu", code_sha256="")
    network, optimizer = training.network, training.optimizer
    network.train()
    for _ in range(steps):
        x, y = training.batches.next()
        cost = training.task.cost(network(x), y, training.controls.values)
        optimizer.zero_grad(set_to_none=True)
        cost.backward()  # type: ignore[no-untyped-call]
        if not math.isfinite(cost.item()):
            return None
        optimizer.step()
    values = training.controls.values
    found = evaluate(training.task, network, training.data, values, "cpu").series
    return found["val/cost"] if math.isfinite(found["val/cost"]) else None


def costs(name: str, plan: Plan) -> Iterator[float]:
    """The final cost of each trial of one search, infinite where it diverged."""
    completed: list[CompletedTrial] = []
    for number in range(1, total(plan) + 1):
        sampled = sample(plan, number, completed)
        assert sampled is not None, "all earlier trials have ended"
        cost = trained(name, sampled.values, seed=1000 * plan.spec.seed + number)
        completed.append(CompletedTrial(number, sampled.round, sampled.values, cost))
        yield math.inf if cost is None else cost


def report(name: str, best: dict[Strategy, list[float]]) -> None:
    for strategy, found in best.items():
        low, median, high = statistics.quantiles(found, n=4)
        line = f"{name:8} {strategy:15} median {median:.4f}, quartiles {low:.4f} to {high:.4f}"
        if strategy != "random" and "random" in best:
            below = sum(a < b for a, b in zip(found, best["random"], strict=True))
            line += f", below random in {below} of {len(found)} seeds"
        print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--trials", type=int, default=24)
    strategies = [name for name in get_args(Strategy) if name != "grid"]
    parser.add_argument("--strategies", nargs="+", choices=strategies, default=strategies)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    began = time.monotonic()
    for name in STEPS:
        best: dict[Strategy, list[float]] = {strategy: [] for strategy in arguments.strategies}
        for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
            for strategy, found in best.items():
                plan = plan_for(space_of(name), strategy, arguments.trials, seed)
                found.append(min(costs(name, plan)))
        report(name, best)
    print(f"{arguments.trials} trials a search, {time.monotonic() - began:.0f} s in all")


if __name__ == "__main__":
    main()
