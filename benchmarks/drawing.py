"""What it takes to draw a trial: `python benchmarks/drawing.py [--trials 200] [--seeds 5]`.

Draws whole searches over six axes, one of them conditional, with a made-up cost, two trials at a
time, and prints processor time a trial: the mean, and that of the last tenth, which knows the most
results. What is imported late is imported before the clock starts.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
from pathlib import Path
from typing import get_args

sys.path.insert(0, str(Path(__file__).parent.parent))

from app.search.importance import importance
from app.search.samplers import CompletedTrial, Plan, sample, total
from app.search.space import parse_space
from app.search.spec import Strategy
from babysit.protocol.hyperparameters import declare
from babysit.protocol.values import Values
from tests.app.search.spaces import plan_for

SPACE = {
    "learning_rate": {"scale": "log10", "low": 1e-4, "high": 1.0},
    "optimizer": {"values": ["sgd", "adam"]},
    "momentum": {"low": 0.5, "high": 0.999, "when": {"optimizer": ["sgd"]}},
    "batch_size": {"low": 16, "high": 256},
    "hidden_units": {"low": 8, "high": 128},
    "dropout": {"low": 0.0, "high": 0.5},
}


def cost_of(values: Values) -> float:
    return (math.log10(float(values["learning_rate"])) + 2) ** 2 + float(values["dropout"])


def drawn_ms(plan: Plan) -> tuple[list[float], list[CompletedTrial]]:
    """How long each draw took, and the results it ended with."""
    took_ms: list[float] = []
    told: list[CompletedTrial] = []
    for number in range(1, total(plan) + 1):
        known = told[: max(0, number - plan.spec.parallel)] if plan.spec.strategy == "tpe" else told
        began = time.process_time()
        one = sample(plan, number, known)
        took_ms.append(1000 * (time.process_time() - began))
        assert one is not None, "all that it waits for have ended"
        told.append(CompletedTrial(number, one.round, one.values, cost_of(one.values)))
    return took_ms, told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    space = parse_space(declare(["hidden_units", "dropout"], {}), SPACE)
    strategies: tuple[Strategy, ...] = get_args(Strategy)
    for strategy in strategies:
        means, lasts = [], []
        for seed in range(-1, arguments.seeds):  # the first one only imports
            trials = arguments.trials if seed >= 0 else 12
            points = {axis.name: 3 for axis in space.axes}
            plan = plan_for(space, strategy, trials, max(seed, 0), parallel=2, points=points)
            took_ms, told = drawn_ms(plan)
            if seed >= 0:
                means.append(statistics.mean(took_ms))
                lasts.append(statistics.mean(took_ms[-max(1, len(took_ms) // 10) :]))
        print(
            f"{strategy:15} {statistics.median(means):.2f} ms of processor time a trial, "
            f"{statistics.median(lasts):.2f} ms in the last tenth of {len(told)}"
        )
    began = time.process_time()
    importance(space, told)
    print(f"importance of {len(told)} trials: {1000 * (time.process_time() - began):.0f} ms")


if __name__ == "__main__":
    main()
