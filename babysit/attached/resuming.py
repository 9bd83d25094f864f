"""What is known of a run when a process takes it up, and the state it begins with."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from babysit.attached.scripts.launch import Launch
from babysit.resume.history import (
    RunHistory,
    announced_in,
    load_or_fetch,
    newest_valid,
    read_history,
)
from babysit.training.checkpoint import Snapshot


@dataclass(slots=True)
class TakenUp:
    """A run that this process takes up: what is known of it, and the state it begins with."""

    launch: Launch
    history: RunHistory
    snapshot: Snapshot | None
    problems: list[str]
    is_fork: bool
    seed: int


def resume_run(launch: Launch) -> TakenUp:
    spec, directory = launch.spec, launch.directory
    history = read_history(directory, launch.attempt, logged=launch.attempt > 1)
    snapshot, problems = newest_valid(directory, history)
    is_fork = snapshot is None and spec.parent_directory is not None
    if is_fork:
        parent = directory.parent.parent / str(spec.parent_directory)
        snapshot = load_or_fetch(parent, announced_in(spec))
    seed = spec.seed or torch.initial_seed() % 2**53
    if snapshot is not None:
        seed = int(snapshot.state["seed"])
    return TakenUp(launch, history, snapshot, problems, is_fork, seed)
