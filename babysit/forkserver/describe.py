"""Describes a task file as JSON: imports it, loads its data and builds its network.

It runs in a child process, as it executes code of the user.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from babysit.protocol.spec.task_files import failed_description, task_name
from babysit.storage.journal import to_jsonable
from babysit.task import Data, Examples, Task
from babysit.training.data import Batches, KeptGenerators, Position, SeededDataset
from babysit.training.seeding import seed_generators
from babysit.training.task_loader import (
    build_network,
    code_sha256,
    imported_files,
    load_data,
    load_task,
    own_files,
)
from babysit.worker.recorder import STEP_SERIES

ERROR_LENGTH_MAX = 8_000  # characters of a traceback; the end says what went wrong
OCCASIONAL_SERIES = ("grad_norm", "step_size", "steps_per_s", "epoch", "examples", "active_s")


def describe(file: Path) -> bytes:
    """What the server needs to know of a task, as JSON.

    Returns:
        An object. `error` says why the task cannot be started, or is null. `files` has the source
        files that the description depends on, each with the SHA-256 of its content.
    """
    files: dict[str, str] = {}
    add_hash(files, file)
    try:
        described = {"error": None, **_described(task_name(file), file, files)}
    except (Exception, SystemExit) as error:
        text = traceback.format_exc()[-ERROR_LENGTH_MAX:]
        described = failed_description(file, text)
        for path in files_of(error):
            add_hash(files, path)
    for path in imported_files():
        add_hash(files, path)
    try:
        return json.dumps(to_jsonable({**described, "files": files})).encode()
    except (TypeError, ValueError) as error:
        return json.dumps({**failed_description(file, str(error)), "files": files}).encode()


def add_hash(files: dict[str, str], path: Path) -> None:
    """Add a file and its hash, unless it is there or cannot be read."""
    name = str(path)
    if name not in files:
        with contextlib.suppress(OSError):
            files[name] = hashlib.sha256(path.read_bytes()).hexdigest()


def files_of(error: BaseException) -> list[Path]:
    """Source files that took part in an error: a module that cannot be imported is in no list."""
    names = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename is not None:
        names.append(error.filename)
    return own_files(names)


def check_examples(data: Data) -> None:
    """Check that the first example of each `Dataset` is a pair.

    Raises:
        ValueError: it is not.
    """
    for name, examples in (("train", data.train), ("val", data.val)):
        if isinstance(examples, Examples):
            continue
        with KeptGenerators():
            example = SeededDataset(examples, 0)[0, 0]
        if not isinstance(example, (tuple, list)) or len(example) != 2:
            raise ValueError(f"{name} must give pairs (x, y), not {type(example).__name__}.")


def _described(name: str, file: Path, files: dict[str, str]) -> dict[str, Any]:
    task: Task = load_task(file)
    code = code_sha256(file)
    for path in imported_files():  # now: loading the data may take long, and the files may change
        add_hash(files, path)
    data = load_data(task)
    check_examples(data)
    train_size, val_size = len(data.train), len(data.val)  # type: ignore[arg-type]
    declared = task.declared(train_size)
    values = {key: item.default for key, item in declared.items()}
    seed_generators(0)
    network = build_network(task, values)
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
        "objective": task.objective,
        "mode": task.mode,
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
    if os.getpid() == own_pid:  # the file may have forked; only one of the two answers
        sys.stdout.write(description.decode())


if __name__ == "__main__":
    main()
