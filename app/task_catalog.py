"""The tasks that can be trained, as far as they are described. Filled by `app/supervisor`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from babysit.protocol.hyperparameters import Hyperparameter, from_json

from .errors import Invalid, NotReady


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """What a description says. `error` is why the task cannot be started, or None."""

    name: str
    description: dict[str, Any]
    declared: dict[str, Hyperparameter]
    error: str | None

    @property
    def default_steps(self) -> int:
        return int(self.description.get("default_steps") or 1000)


class TaskCatalog:
    """Tasks by name. Safe for threads."""

    def __init__(self) -> None:
        self._tasks: dict[str, TaskInfo] = {}
        self._names: list[str] = []  # all there are, described or not, in the order shown
        self._ready = False
        self._changed = threading.Condition()
        self.on_change: Callable[[], None] = lambda: None

    def expect(self, names: list[str]) -> None:
        """These are the tasks there are; others are forgotten."""
        with self._changed:
            self._names = names
            self._tasks = {name: task for name, task in self._tasks.items() if name in names}
            self._ready = all(name in self._tasks for name in names)
            self._changed.notify_all()

    def add(self, name: str, description: dict[str, Any]) -> None:
        """A task was described, rightly or with an error."""
        task = _task_info(name, description)
        with self._changed:
            self._tasks[name] = task
            self._ready = all(expected in self._tasks for expected in self._names)
            self._changed.notify_all()
        self.on_change()

    @property
    def is_ready(self) -> bool:
        """Whether all tasks are described."""
        with self._changed:
            return self._ready

    def tasks(self) -> list[TaskInfo]:
        with self._changed:
            return [self._tasks[name] for name in self._names if name in self._tasks]

    def get(self, name: str) -> TaskInfo | None:
        """A task if it is described by now, also when it has an error."""
        with self._changed:
            return self._tasks.get(name)

    def find(self, name: str, timeout_s: float) -> TaskInfo:
        """A task that can be started; waits while it is still being described.

        Raises:
            Invalid: there is no task of this name, or it has an error.
            NotReady: its description takes longer.
        """
        deadline = time.monotonic() + timeout_s
        with self._changed:
            self._changed.wait_for(
                lambda: name in self._tasks or (self._ready and name not in self._names),
                max(0.0, deadline - time.monotonic()),
            )
            task, names = self._tasks.get(name), list(self._names)
        if task is None and name in names:
            raise NotReady("This task is still being loaded. Try again in a moment.")
        if task is None:
            raise Invalid(
                f"Task not found. Available: {', '.join(names)}.",
                field="task",
                allowed=names,
            )
        if task.error is not None:
            raise Invalid(f"The task {name} cannot be started: {task.error}", field="task")
        return task


def _task_info(name: str, description: dict[str, Any]) -> TaskInfo:
    error = description.get("error")
    declared: dict[str, Hyperparameter] = {}
    try:
        for item in description.get("hyperparameters") or ():
            hyperparameter = from_json(item)
            declared[hyperparameter.name] = hyperparameter
    except (TypeError, ValueError, KeyError) as problem:
        error = error or f"Its description cannot be read: {problem}"
    return TaskInfo(name, {**description, "name": name}, declared, error)
