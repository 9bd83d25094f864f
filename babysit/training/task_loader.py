"""Imports task files by path, and hashes the code of a task."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path

from babysit.protocol.task_files import NoSuchTask
from babysit.task import Task

MODULE_PREFIX = "babysit_task_"


def load_task(file: Path) -> Task:
    """Import a task file; its own folder is on the path, for what it imports.

    Raises:
        NoSuchTask: it has no `TASK`.
        Exception: whatever the file raises.
    """
    folder = str(file.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module_name = f"{MODULE_PREFIX}{file.stem}"
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
