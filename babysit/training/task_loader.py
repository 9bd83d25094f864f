"""Finds task files and imports them by path; a task's name is its file's, with `-` for `_`."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from pathlib import Path

import babysit
from babysit.task import Task

_ROOT = Path(babysit.__file__).resolve().parent.parent
# As the wheel installs them, or in the checkout.
SHIPPED = next(f for f in (_ROOT / "babysit_tasks", _ROOT / "models") if f.is_dir())


class NoSuchTask(Exception):
    """No task file of that name, or a file that holds no task."""


def task_folders() -> list[Path]:
    """Where tasks are looked for; those of `BABYSIT_MODELS` come first."""
    own = [Path(part) for part in os.environ.get("BABYSIT_MODELS", "").split(os.pathsep) if part]
    return [*reversed(own), SHIPPED]


def task_name(file: Path) -> str:
    return file.stem.replace("_", "-")


def find_task_file(name: str) -> Path:
    """The file of a task.

    Raises:
        NoSuchTask: no folder has it.
    """
    for folder in task_folders():
        for file in sorted(folder.glob("*.py")):
            if task_name(file) == name and not file.name.startswith(("_", ".")):
                return file
    raise NoSuchTask(f"There is no task {name!r} in the task folders.")


def load_task(file: Path) -> Task:
    """Import a task file; its own folder is on the path, for what it imports.

    Raises:
        NoSuchTask: it has no `TASK`.
        Exception: whatever the file raises.
    """
    folder = str(file.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module_name = f"babysit_task_{file.stem}"
    spec = importlib.util.spec_from_file_location(module_name, file)
    if spec is None or spec.loader is None:
        raise NoSuchTask(f"{file.name} cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # classes of the file must be found by their module
    spec.loader.exec_module(module)
    task = getattr(module, "TASK", None)
    if not isinstance(task, Task):
        raise NoSuchTask(f"{file.name} has no TASK = Task(...).")
    return task


def code_sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
