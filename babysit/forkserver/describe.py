"""Describes a task file as JSON: imports it, loads its data, builds its network. In a child."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from babysit.protocol.task_files import failed_description, task_name
from babysit.storage.journal import to_jsonable
from babysit.task import Task
from babysit.training.data import Batches, Position
from babysit.training.seeding import seed_generators
from babysit.training.task_loader import code_sha256, load_task
from babysit.worker.recorder import STEP_SERIES

ERROR_LENGTH_MAX = 8_000  # characters of a traceback; the end says what went wrong
OCCASIONAL_SERIES = ("grad_norm", "step_size", "steps_per_s", "epoch", "examples", "active_s")


def describe(file: Path) -> dict[str, Any]:
    """What the server needs to know of a task; `error` says why it cannot be started."""
    try:
        return {"error": None, **_described(task_name(file), file)}
    except (Exception, SystemExit):
        error = traceback.format_exc()[-ERROR_LENGTH_MAX:]
        return failed_description(file, error)


def _described(name: str, file: Path) -> dict[str, Any]:
    task: Task = load_task(file)
    code = code_sha256(file)
    data = task.load()
    train_size, val_size = len(data.train), len(data.val)  # type: ignore[arg-type]
    declared = task.declared(train_size)
    values = {key: item.default for key, item in declared.items()}
    seed_generators(0)
    network = task.build(values)
    position = Position(int(values["batch_size"]), int(values["batch_size"]))
    batches = Batches(task, data.train, seed=0, position=position, device="cpu")
    metrics = [f"{part}/{metric}" for metric in task.metrics for part in ("train", "val")]
    return {
        "name": name,
        "title": task.title,
        "summary": task.summary,
        "kind": task.kind,
        "train_size": train_size,
        "val_size": val_size,
        "steps_per_epoch": batches.steps_per_epoch(),
        "default_steps": task.steps,
        "evaluate_every": task.evaluate_every,
        "series": [*STEP_SERIES, "val/cost", *metrics, *OCCASIONAL_SERIES],
        "defaults": values,
        "hyperparameters": [item.to_json() for item in declared.values()],
        "code_sha256": code,
        "has_picture": task.picture is not None,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
    }


def main() -> None:
    """Print the description of the file named on the command line."""
    own_pid = os.getpid()
    with contextlib.redirect_stdout(sys.stderr):  # what the task prints is no part of the answer
        description = describe(Path(sys.argv[1]))
    if os.getpid() == own_pid:  # the file may have forked; one of the two speaks
        json.dump(to_jsonable(description), sys.stdout)


if __name__ == "__main__":
    main()
