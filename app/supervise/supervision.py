"""All that runs beside the routes: nursery, tasks, launcher, ingest, demo; begun and ended here."""

from __future__ import annotations

from collections.abc import Callable

from app.catalog import Catalog
from app.live import Committed
from app.settings import Settings
from app.store.catch_up import compare_all
from app.store.searches import read_back_all
from app.store.store import Store
from app.supervise.demo import Demo
from app.supervise.ingest import JUDGED_EVERY_S, POINTS_EVERY_S, TRIALS_EVERY_S, Ingest
from app.supervise.launcher import Launcher
from app.supervise.nursery import Nursery
from app.supervise.places import leaves_place
from app.supervise.searching import Searching
from app.supervise.tasks import TaskFinder


class Supervision:
    """Built once per server; `start` and `close` are called once each."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        catalog: Catalog,
        *,
        viewers: Callable[[], int],
        watched: Callable[[], frozenset[int]],
    ) -> None:
        """viewers: how many streams are open. watched: the runs whose points they want."""
        self._settings = settings
        self._store = store
        self.nursery = Nursery(settings.data_dir / "nursery.log", on_exit=self._notice_exit)
        self._watched = watched
        self.ingest = Ingest(store, self._trial_every_s)
        self.launcher = Launcher(
            store,
            self.nursery,
            self.ingest,
            parallel=settings.parallel,
            stuck_after_s=settings.stuck_after_s,
            recovers=settings.recovery,
        )
        self.searching = Searching(store, catalog, self.launcher.start_more)
        self.tasks = TaskFinder(
            settings.task_folders, settings.data_dir / "tasks.json", catalog, self.nursery
        )
        self.demo = Demo(store, catalog, viewers, self.wake)

    def start(self) -> None:
        self.nursery.start()  # first: it takes the longest
        compare_all(self._store)
        read_back_all(self._store)
        self.ingest.read_what_was_missed()
        self.tasks.start()
        self.ingest.start()
        self.launcher.start()
        self.searching.start()
        self.demo.start(wanted=not self._settings.no_demo)

    def wake(self) -> None:
        """There may be a run to start, a trial to draw, or an end to notice."""
        self.launcher.wake()
        self.searching.wake()

    def _trial_every_s(self, run_id: int) -> float:
        if run_id in self._watched():
            return POINTS_EVERY_S
        return JUDGED_EVERY_S if self.searching.judges(run_id) else TRIALS_EVERY_S

    def _notice_exit(self) -> None:
        self.launcher.notice()

    def hear(self, committed: Committed) -> None:
        """A run that leaves its place makes room for the next one, at once."""
        self.searching.hear(committed)
        if any(leaves_place(event) for event in committed.events):
            self.launcher.start_more()

    def close(self) -> None:
        """Everything but the workers ends; they too if that was asked for."""
        self.tasks.close()
        self.demo.close()
        self.searching.close()
        self.launcher.close()
        if self._settings.stop_workers:
            self.launcher.end_workers()
        self.ingest.close()
        self.nursery.close()
