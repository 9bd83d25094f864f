"""The tasks that can be trained, as far as they are described. Filled by `app/supervisor`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from babysit.protocol.hyperparameters import Hyperparameter
from babysit.protocol.objective import VAL_COST, Objective
from babysit.storage.safe_text import storable

from .errors import Invalid, NotReady
from .task_description import check_description

LOOKED_AT_AGAIN_WITHIN_S = 10.0  # a task with an error, when a client wants to start it


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """What a description says.

    description: fields of `task_description.Task`.
    error: why the task cannot be started, or None.
    is_loading: it is not described yet, but listed because that takes long; `error` says so.
    script: how somebody's own script is started; None: it is a task of the catalog.
    """

    name: str
    description: dict[str, Any]
    declared: dict[str, Hyperparameter]
    error: str | None
    is_loading: bool = False
    script: dict[str, Any] | None = None

    @property
    def default_steps(self) -> int:
        return int(self.description.get("default_steps") or 1000)

    @property
    def measured(self) -> list[str]:
        """The series of the validation set, each of which can be the objective of a run."""
        series = self.description.get("series") or []
        others = [name for name in series if name.startswith("val/") and name != VAL_COST]
        return [VAL_COST, *others]

    @property
    def objective(self) -> Objective:
        """What is best in a run unless asked otherwise."""
        return Objective.of(self.description.get("objective"), self.description.get("mode"))


class TaskCatalog:
    """Tasks by name. Safe for threads.

    on_change: called after the list has changed.
    on_request: called after `find` has asked for a task; None: no task is ever looked at again.
    """

    def __init__(self) -> None:
        self._tasks: dict[str, TaskInfo] = {}
        self._names: list[str] = []  # all tasks, described or not, in the order shown
        self._ready = False
        self._changed = threading.Condition()
        self._requested: set[str] = set()
        self._looks: dict[str, int] = {}  # how many times each task was added
        self.on_change: Callable[[], None] = lambda: None
        self.on_request: Callable[[], None] | None = None

    def expect(self, names: list[str]) -> None:
        """Set which tasks there are; others are forgotten."""
        with self._changed:
            gone = [name for name in self._tasks if name not in names]
            self._names = names
            for name in gone:
                del self._tasks[name]
            self._requested &= set(names)
            self._note_changed()
        if gone:
            self.on_change()

    def add(self, name: str, description: dict[str, Any], *, is_loading: bool = False) -> None:
        """Add a described task, or one whose description is an error."""
        task = _task_info(name, description, is_loading=is_loading)
        with self._changed:
            is_new = self._tasks.get(name) != task
            self._tasks[name] = task
            self._looks[name] = self._looks.get(name, 0) + 1
            self._note_changed()
        if is_new:
            self.on_change()

    def take_requested(self) -> set[str]:
        """The tasks that clients wait for, since the last call."""
        with self._changed:
            requested, self._requested = self._requested, set()
        return requested

    @property
    def is_ready(self) -> bool:
        """Whether all tasks are described or listed."""
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
        """A task that can be started. Waits while it is being described.

        A task with an error is looked at again first: the cause may be gone.

        Raises:
            Invalid: there is no task of this name, or it has an error.
            NotReady: its description takes longer.
        """
        with self._changed:
            task, looks = self._tasks.get(name), self._looks.get(name, 0)
        if (task is None or task.error is not None) and self.on_request is not None:
            with self._changed:
                self._requested.add(name)
            self.on_request()
            if task is not None and not task.is_loading:
                self._wait(
                    lambda: self._looks.get(name, 0) > looks,
                    min(timeout_s, LOOKED_AT_AGAIN_WITHIN_S),
                )
        self._wait(
            lambda: self._is_described(name) or (self._ready and name not in self._names),
            timeout_s,
        )
        with self._changed:
            task, names = self._tasks.get(name), list(self._names)
        if name in names and (task is None or task.is_loading):
            raise NotReady("The data of this task are still loading. Try again in a moment.")
        if task is None:
            raise Invalid(
                f"Task not found. Available: {', '.join(names)}.",
                field="task",
                allowed=names,
            )
        if task.error is not None:
            reason = task.error.strip().splitlines()[-1]  # of a traceback; the list has all of it
            raise Invalid(f"The task {name} cannot be started: {reason}", field="task")
        return task

    def _wait(self, is_so: Callable[[], bool], timeout_s: float) -> None:
        with self._changed:
            self._changed.wait_for(is_so, max(0.0, timeout_s))

    def _is_described(self, name: str) -> bool:
        task = self._tasks.get(name)
        return task is not None and not task.is_loading

    def _note_changed(self) -> None:
        self._ready = all(name in self._tasks for name in self._names)
        self._changed.notify_all()


def _task_info(name: str, description: dict[str, Any], *, is_loading: bool) -> TaskInfo:
    """The task of a description; a description that cannot be used becomes the task's error."""
    defaults = {"title": name, "summary": "", "error": None}
    try:
        task, declared = check_description({**defaults, **description, "name": name})
    except ValueError as problem:
        error = storable(f"Its description cannot be used: {problem}")
        failed = {"name": name, "title": name, "summary": "", "error": error}
        return TaskInfo(name, failed, {}, error)
    return TaskInfo(name, task.model_dump(), declared, task.error, is_loading)
