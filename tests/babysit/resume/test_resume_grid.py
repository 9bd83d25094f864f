"""Exact resume on a grid: networks x optimizers x schedules x loader processes, each run killed.

Each combination is one run that somebody steers: changes planned for later steps, changes made by
hand, pauses, a longer run. Its worker is killed with SIGKILL, another process takes it up, and the
end is compared with a run that nothing interrupted and that fetches its examples itself: the hash
of the whole state, and every recorded number to its last bit.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from babysit.protocol.commands import Command, Evaluate, Extend, Pause, Resume, SaveCheckpoint, Set
from babysit.protocol.values import Value, Values
from tests.babysit.worker_harness import ANSWERS, Lab, LabRun
from tests.sizes import RESUMES_A_CELL, session_seed

STEPS = 54  # almost two epochs, of 27 to 35 updates
CUT_FROM, CUT_TO = 18, 38
SLOWLY = 50.0  # steps a second: slow enough to be steered by hand, on a slow machine too
AT_ONCE = 5  # combinations; most of the time of each is waiting

NETWORKS: dict[str, dict[str, Value]] = {
    "dense-points": {"batch_size": 4},
    "noisy-pairs": {"batch_size": 2, "dropout": 0.2},  # and batch normalisation
    "shifted-images": {"batch_size": 4},  # a convolution, with augmentation
    "short-text": {"batch_size": 3, "dropout": 0.1},  # a transformer
}
OPTIMIZERS: dict[str, dict[str, Value]] = {
    "sgd": {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 0.05},
    "nesterov": {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "learning_rate": 0.05},
    "adam": {"optimizer": "adam", "learning_rate": 0.01},
    "adamw": {"optimizer": "adamw", "learning_rate": 0.01, "weight_decay": 0.01},
    "rmsprop": {"optimizer": "rmsprop", "learning_rate": 0.005, "momentum": 0.5},
}
SCHEDULES: dict[str, dict[str, Value]] = {
    "constant": {"schedule": "constant"},
    "step": {"schedule": "step", "decay_steps": 15},
    "exponential": {"schedule": "exponential", "decay_steps": 30},
    "cosine": {"schedule": "cosine", "schedule_steps": 60},
    "one_cycle": {"schedule": "one_cycle", "schedule_steps": 60},
}
FETCHED_BY = (0, 2)  # processes
CLOCKS = {"active_s", "clock_s", "steps_per_s"}


@dataclass(frozen=True)
class Combination:
    """One run, and what happens to it.

    planned: changes that wait for their steps. by_hand: (step, commands) sent when it is reached.
    """

    network: str
    loaders: int
    values: Values
    planned: list[Set]
    by_hand: list[tuple[int, list[Command]]]
    cut: int
    saves_before_the_cut: bool


def any_change(draw: random.Random, network: str, optimizer: str) -> Set:
    """A change that somebody might make."""
    adam = optimizer.startswith("adam")
    momenta = [0.5, 0.8, 0.97] if optimizer == "nesterov" else [0.0, 0.5, 0.8, 0.97]
    rate = round(10 ** draw.uniform(-3, -1.5), 5)
    smooth: list[Values] = [
        {"learning_rate": rate},
        {"base_learning_rate": rate},
        {"beta1": draw.choice([0.5, 0.8, 0.97])} if adam else {"momentum": draw.choice(momenta)},
        {"weight_decay": draw.choice([0.001, 0.1])},
    ]
    sudden: list[Values] = [
        {"batch_size": draw.choice([2, 3, 5, 8])},
        {"grad_clip": draw.choice([0.0, 0.3, 1.0])},
        SCHEDULES[draw.choice(list(SCHEDULES))],
    ]
    if "dropout" in NETWORKS[network]:
        sudden.append({"dropout": draw.choice([0.05, 0.3])})
    if draw.random() < 0.6:
        return Set(
            values=draw.choice(smooth),
            over_steps=draw.choice([None, None, draw.randint(2, 25)]),
            keep_step_size=draw.random() < 0.3,
        )
    return Set(values=draw.choice(sudden), batch_now=draw.random() < 0.5)


def by_hand(draw: random.Random, network: str, optimizer: str) -> list[Command]:
    """What somebody does at one moment."""
    changes: list[Command] = [
        any_change(draw, network, optimizer) for _ in range(draw.choice([1, 1, 2]))
    ]
    return draw.choice(
        [
            changes,
            [Pause(), *changes, Evaluate(), Resume()],
            [*changes, Extend(steps=draw.randint(1, 9))],
        ]
    )


def combination(
    draw: random.Random, network: str, optimizer: str, schedule: str, loaders: int
) -> Combination:
    planned = []
    for at_step in sorted(draw.sample(range(5, STEPS - 3), 3)):
        change = any_change(draw, network, optimizer)
        planned.append(replace(change, at_step=at_step))
    cut = draw.randint(CUT_FROM, CUT_TO)
    return Combination(
        network=network,
        loaders=loaders,
        values={**NETWORKS[network], **OPTIMIZERS[optimizer], **SCHEDULES[schedule]},
        planned=planned,
        by_hand=[(draw.randint(4, cut), by_hand(draw, network, optimizer))],
        cut=cut,
        saves_before_the_cut=draw.random() < 0.3,
    )


def chosen(network: str, optimizer: str) -> list[tuple[str, int]]:
    """Schedules and loader processes to try; in a quick run two pairs, so that over the grid each
    network and each optimizer meets each schedule, and both ways to fetch examples.
    """
    every = list(itertools.product(SCHEDULES, FETCHED_BY))
    if len(every) <= RESUMES_A_CELL:
        return every
    row, column = list(NETWORKS).index(network), list(OPTIMIZERS).index(optimizer)
    place = row + column + session_seed()
    schedules = list(SCHEDULES)
    return [
        (schedules[(place + 2 * number) % len(schedules)], FETCHED_BY[(place + number) % 2])
        for number in range(RESUMES_A_CELL)
    ]


class Grid:
    """Tries combinations, several at once."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def start(
        self, task: str, tried: Combination, steps: int, commands: list[Command], **more: float
    ) -> LabRun:
        return self._lab.start(task, steps=steps, values=tried.values, commands=commands, **more)

    def killed(self, tried: Combination) -> tuple[LabRun, list[Command], int]:
        """The run when its worker is dead, all its changes with their steps, and its last step."""
        task = tried.network + ("-fetched" if tried.loaders else "")
        commands: list[Command] = list(tried.planned)
        run = self.start(task, tried, STEPS, commands, max_steps_per_s=SLOWLY)
        changes, steps = dict[int, Set](enumerate(tried.planned, 1)), STEPS
        for step, spec in tried.by_hand:
            run.wait_for_step(step)
            sent = {run.send(command): command for command in spec}
            for ident, command in sent.items():
                answer = run.answer(ident)
                if isinstance(command, Set) and answer["kind"] == "changed":
                    changes[ident] = replace(command, at_step=answer["step"])
                elif isinstance(command, Extend) and answer["kind"] == "applied":
                    steps = answer["after"]["steps"]
        run.wait_for_step(tried.cut)
        if tried.saves_before_the_cut:
            run.do(SaveCheckpoint())
        run.kill()
        return run, in_order(run, changes), steps

    def try_out(self, tried: Combination) -> None:
        run, changes, steps = self.killed(tried)
        again = self._lab.next_attempt(run)
        whole = self.start(tried.network, tried, steps, changes)

        assert_same(run, again.finished(), whole.finished())


def in_order(run: LabRun, changes: dict[int, Set]) -> list[Command]:
    """The changes as they happened; those that did not happen yet last."""
    happened = [event["command_id"] for event in run.events if event["kind"] in ANSWERS]
    first = [ident for ident in happened if ident in changes]
    return [changes[ident] for ident in dict.fromkeys([*first, *changes])]


def assert_same(run: LabRun, again: LabRun, whole: LabRun) -> None:
    assert again.said("recovered")[0]["verified"] is True
    assert again.final_sha256 == whole.final_sha256
    for name in set(whole.points) - CLOCKS:
        expected = bits(whole.points[name])
        before, after = bits(run.points.get(name, {})), bits(again.points.get(name, {}))
        concatenate_segments = {**before, **after}
        other = {step: (concatenate_segments.get(step), expected[step]) for step in expected}
        other = {step: pair for step, pair in other.items() if pair[0] != pair[1]}
        assert not other, f"{name} differs: {dict(list(other.items())[:3])}; {told(run, again)}"
        assert {step: before[step] for step in before if step in after}.items() <= after.items()


def told(run: LabRun, again: LabRun) -> list[str]:
    """What the two attempts said they did, and when."""
    kinds = (*ANSWERS, "status_changed", "recovered")
    said = [event for event in (*run.events, *again.events) if event["kind"] in kinds]
    return [f"{event['step']} {event['kind']} {event.get('command_id', '')}" for event in said]


def bits(points: dict[int, float]) -> dict[int, str]:
    """Each value so that only equal ones are equal: not -0.0 and 0.0, but NaN and NaN."""
    return {step: value.hex() for step, value in points.items()}


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
@pytest.mark.parametrize("network", list(NETWORKS))
def test_a_killed_run_ends_as_if_nothing_had_happened(
    lab: Lab,
    draw: random.Random,
    record_property: Callable[[str, object], None],
    network: str,
    optimizer: str,
) -> None:
    combinations = [
        combination(draw, network, optimizer, schedule, loaders)
        for schedule, loaders in chosen(network, optimizer)
    ]
    grid = Grid(lab)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = [pool.submit(grid.try_out, tried) for tried in combinations]
    errors = [(tried, future.exception()) for tried, future in zip(combinations, done, strict=True)]

    record_property("combinations", len(combinations))
    failed = [f"{tried}\n{error}" for tried, error in errors if error is not None]
    assert not failed, "\n\n".join(failed)
