"""Where task files are, and what a task is called; for the server and for workers.

A task's name is its file's, with `-` for `_`. Files that begin with `_` or `.` are no tasks.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import babysit
from babysit.storage.safe_text import storable

VARIABLE = "BABYSIT_MODELS"  # folders with tasks of one's own, separated like PATH
# Next to the package: where a wheel was installed, and in a checkout. In this order, because a
# `models` next to an installed wheel belongs to another package.
SHIPPED_FOLDERS = ("babysit_tasks", "models")


class NoSuchTask(Exception):
    """No task file of that name, or a file that holds no task."""


def shipped_folder() -> Path:
    """The folder of the tasks that come with Babysit."""
    site = Path(babysit.__file__).resolve().parent.parent
    folders = [site / name for name in SHIPPED_FOLDERS]
    return next((folder for folder in folders if folder.is_dir()), folders[-1])


def task_folders(models: str | None = None) -> list[Path]:
    """Where tasks are looked for; a later folder's task of the same name wins.

    models: folders of one's own; None: those of the environment.
    """
    own = os.environ.get(VARIABLE, "") if models is None else models
    parts = (Path(part) for part in own.split(os.pathsep) if part)
    return [shipped_folder(), *(part.expanduser().resolve() for part in parts)]


def task_name(file: Path) -> str:
    """The name of the task in a file. Bytes of a file name that are not UTF-8 are escaped."""
    return storable(file.stem.replace("_", "-"))


def task_files(
    folders: Sequence[Path], unreadable: dict[Path, OSError] | None = None
) -> dict[str, Path]:
    """Task files by task name; a later folder's file of the same name wins.

    unreadable: receives the folders that cannot be read.
    """
    files: dict[str, Path] = {}
    for folder in folders:
        try:
            names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file())
        except OSError as error:
            if unreadable is not None:
                unreadable[folder] = error
            continue
        for name in names:
            if name.endswith(".py") and not name.startswith(("_", ".")):
                files[task_name(folder / name)] = folder / name
    return files


def find_task_file(name: str) -> Path:
    """The file of a task.

    Raises:
        NoSuchTask: no folder has it.
    """
    file = task_files(task_folders()).get(name)
    if file is None:
        raise NoSuchTask(f"Task not found: no task folder has {name!r}.")
    return file


def failed_description(file: Path, error: str) -> dict[str, Any]:
    """The description of a task that could not be described."""
    name = task_name(file)
    return {"name": name, "title": name, "summary": "", "error": storable(error)}
