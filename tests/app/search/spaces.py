"""A task's declarations, and the spaces that several tests search."""

from __future__ import annotations

import math
from typing import Any

from app.search.samplers import CompletedTrial, Plan, Sample, sample, total
from app.search.space import Space, parse_space
from app.search.spec import SearchSpec, Strategy
from babysit.protocol.hyperparameters import Hyperparameter, declare
from babysit.protocol.values import Values

OWN = Hyperparameter(
    name="balance", label="Balance", tier=3, default=1.0, low=-1e3, high=1e3, help="Of two costs."
)
VAST = Hyperparameter(
    name="vast", label="Vast", tier=3, default=0.0, low=-1.7e308, high=1.7e308, help="All floats."
)
DECLARED = declare(["hidden_units", "layers", "dropout", OWN, VAST], {"learning_rate": 0.05})
DECLARED["batch_size"] = DECLARED["batch_size"].but(high=1000)

LEARNING_RATE = {"scale": "log10", "low": 1e-4, "high": 1}
FOUR: dict[str, Any] = {
    "learning_rate": LEARNING_RATE,
    "momentum": {"low": 0.5, "high": 0.999},
    "batch_size": {"low": 16, "high": 256},
    "hidden_units": {"low": 8, "high": 128},
}
CONDITIONAL: dict[str, Any] = {
    "momentum": {"low": 0.5, "high": 0.99, "when": {"optimizer": ["sgd", "rmsprop"]}},
    "nesterov": {"values": [False, True], "when": {"optimizer": ["sgd"]}},
    "optimizer": {"values": ["sgd", "adam", "rmsprop"]},
    "learning_rate": LEARNING_RATE,
    "dropout": {"fixed": 0.1},
}


def space_of(body: dict[str, Any]) -> Space:
    return parse_space(DECLARED, body)


def plan_for(space: Space, strategy: Strategy, trials: int, seed: int, **options: Any) -> Plan:
    """The plan of a search that is not stored."""
    fields = {"parallel": 1, **options, "space": space.to_json()}
    spec = SearchSpec(
        id=0,
        name="",
        task="",
        strategy=strategy,
        trials=trials,
        steps=1,
        seed=seed,
        created_at="",
        **fields,
    )
    return Plan(spec, space)


def cost_of(values: Values) -> float:
    """A made-up final cost: best near a learning rate of 0.02, everything else matters less."""
    rate = math.log10(float(values["learning_rate"])) + 1.7
    return rate**2 + 0.1 * float(values.get("momentum", 0.0)) + 1e-4 * len(str(values))


def searched(
    plan: Plan, lost: frozenset[int] = frozenset()
) -> tuple[list[Sample], list[CompletedTrial]]:
    """A whole search, one trial after the other. lost: the trials that do not count."""
    sampled: list[Sample] = []
    completed: list[CompletedTrial] = []
    for number in range(1, total(plan) + 1):
        one = sample(plan, number, completed)
        assert one is not None, f"trial {number} waits although all before it have ended"
        sampled.append(one)
        cost = None if number in lost else cost_of(one.values)
        completed.append(CompletedTrial(number, one.round, one.values, cost))
    return sampled, completed
