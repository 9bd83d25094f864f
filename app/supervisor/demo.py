"""The demo run for new users: it learns too slowly, and pauses without viewers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from sqlalchemy import select

from babysit.protocol.commands import Command, Pause, Resume
from babysit.protocol.status import RunStatus

from ..errors import APIError
from ..store.runs.commands import send_command
from ..store.runs.create import start_run
from ..store.runs.runs import has_runs
from ..store.store import Store
from ..store.tables.runs import RunRow
from ..task_catalog import TaskCatalog
from .background_loop import BackgroundLoop

log = logging.getLogger(__name__)

WITHOUT_PAUSE = (RunStatus.QUEUED, RunStatus.STARTING, RunStatus.RUNNING)

TASK = "spirals"
STEPS = 20_000
LEARNING_RATE = 0.003  # too low on purpose: doubling it a few times is the first lesson
STEPS_PER_S_MAX = 60.0
NO_VIEWER_S = 60.0
FIRST_STEPS = 30  # which it makes in any case, so that there is something to see
LOOK_EVERY_S = 0.5  # while it waits for its first steps, or for a viewer
IDLE_S = 30.0  # the first viewer and the last one wake the loop at once
DESCRIBED_WITHIN_S = 60.0


class Demo:
    """Starts the demo run in an empty data directory, and pauses demo runs without viewers."""

    def __init__(
        self,
        store: Store,
        catalog: TaskCatalog,
        viewers: Callable[[], int],
        wake_launcher: Callable[[], None],
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._viewers = viewers
        self._wake_launcher = wake_launcher
        self._starts = False
        self._seen_at_s = time.monotonic()  # a viewer
        self._had_viewers = False
        self.loop = BackgroundLoop("demo", self._look)

    def start(self, *, wanted: bool) -> None:
        with self._store.reading() as session:
            self._starts = wanted and not has_runs(session)
        self.loop.start()

    def close(self) -> None:
        self.loop.close()

    def _look(self) -> float:
        if self._starts:
            self._start_run()
            self._starts = False
            # After its first steps it waits: whoever starts the server looks some seconds later.
            self._seen_at_s = -NO_VIEWER_S
        has_viewers = bool(self._viewers())
        if has_viewers or self._had_viewers:
            self._seen_at_s = time.monotonic()
        self._had_viewers = has_viewers
        is_watched = time.monotonic() - self._seen_at_s < NO_VIEWER_S
        self._pause_or_resume(is_watched=is_watched)
        return LOOK_EVERY_S if not has_viewers and self._is_active() else IDLE_S

    def _is_active(self) -> bool:
        """Whether a demo run trains, or will soon."""
        query = select(RunRow.id).where(RunRow.demo, RunRow.status.in_(WITHOUT_PAUSE))
        with self._store.reading() as session:
            return session.scalar(query.limit(1)) is not None

    def _start_run(self) -> None:
        deadline = time.monotonic() + DESCRIBED_WITHIN_S
        task = None
        while task is None and not self.loop.is_closing and time.monotonic() < deadline:
            try:
                task = self._catalog.find(TASK, timeout_s=0.2)
            except APIError:
                self.loop.pause(0.05)
        if task is None or self.loop.is_closing:
            return
        options = {
            "name": "spirals-demo",
            "values": {"learning_rate": LEARNING_RATE},
            "steps": STEPS,
            "max_steps_per_s": STEPS_PER_S_MAX,
            "demo": True,
            "actor": "server",
        }
        try:
            with self._store.writing() as tx:
                if not has_runs(tx.session):
                    start_run(tx, task, options)
        except (APIError, OSError) as error:
            log.warning("the demo could not be started: %s", error)
        self._wake_launcher()

    def _pause_or_resume(self, *, is_watched: bool) -> None:
        status = RunStatus.PAUSED if is_watched else RunStatus.RUNNING
        query = select(RunRow).where(RunRow.demo, RunRow.status == status)
        query = query.where(
            RunRow.reason == "no_viewer" if is_watched else RunRow.step >= FIRST_STEPS
        )
        with self._store.reading() as session:
            run_ids = [run.id for run in session.scalars(query)]
        command: Command = Resume() if is_watched else Pause(reason="no_viewer")
        for run_id in run_ids:
            try:
                with self._store.writing() as tx:
                    send_command(tx, run_id, command, None, actor="server")
            except APIError:
                continue  # its status has changed meanwhile
