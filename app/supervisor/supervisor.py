"""Starts and ends the background work: fork server, tasks, ingest, launcher, searches, demo."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from ..remote.leases import Leases
from ..settings import Settings
from ..store.committed import Committed
from ..store.recovery.reconcile import reconcile_all
from ..store.recovery.rewind import rewind_all
from ..store.runs.removal import finish_removal
from ..store.searches.searches import replay_all_from_journal
from ..store.store import Store
from ..task_catalog import TaskCatalog
from ..uploads.uploads import Uploads
from .background_loop import BackgroundLoop
from .capacity import frees_slot
from .demo import Demo
from .fork_client import ForkServerClient
from .ingest import JUDGED_EVERY_S, POINTS_EVERY_S, TRIALS_EVERY_S, Ingest
from .launcher import Launcher
from .proofs.prover import Prover
from .remote_workers.starter import RemoteStarter
from .search_runner import SearchRunner
from .tasks.task_discovery import TaskDiscovery
from .uploads.loop import UploadLoop

IDLE_S = 3600.0  # when there is nothing to catch up with

log = logging.getLogger(__name__)


class Supervisor:
    """Built once per server; `start` and `close` are called once each."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        leases: Leases,
        catalog: TaskCatalog,
        *,
        uploads: Uploads | None = None,
        viewers: Callable[[], int],
        watched: Callable[[], frozenset[int]],
    ) -> None:
        """viewers: the number of open streams. watched: the runs whose points they want."""
        self._settings = settings
        self._store = store
        self.fork_server = ForkServerClient(
            settings.data_dir / "nursery.log",
            on_exit=self._notice_exit,
            environment=settings.worker_environment,
        )
        self.prover = Prover(store, self.fork_server, parallel=settings.parallel)
        self._watched = watched
        self.ingest = Ingest(store, self._trial_every_s)
        self.remote = RemoteStarter(settings, leases, self.wake)
        self.launcher = Launcher(
            store,
            self.fork_server,
            self.ingest,
            stuck_after_s=settings.stuck_after_s,
            recovers=settings.recovery,
            remote=self.remote,
            give_way=self.prover.give_way,
        )
        self.searching = SearchRunner(store, catalog, self.launcher.start_more)
        self.tasks = TaskDiscovery(
            settings.task_folders, settings.data_dir / "tasks.json", catalog, self.fork_server
        )
        self.uploads = UploadLoop(store, uploads)
        self.is_read_only = False  # it could not write when it started
        self._catching_up = BackgroundLoop("start", self._try_to_catch_up)
        self.demo = Demo(store, catalog, viewers, self.wake)

    def start(self) -> None:
        self.fork_server.start()  # first: it takes the longest
        self.tasks.start()
        try:
            self._catch_up()
        except (OSError, DBAPIError) as error:  # a full disk above all
            log.warning(
                "The server cannot write, so it only shows what there is, and starts and follows "
                "no run until it can: %s",
                error.orig if isinstance(error, DBAPIError) else error,
            )
            self.is_read_only = True
            self._catching_up.start()

    def _catch_up(self) -> None:
        """Take from the journals what SQL lacks, then begin to work."""
        finish_removal(self._store)
        reconcile_all(self._store)
        rewind_all(self._store)
        replay_all_from_journal(self._store)
        self.ingest.read_what_was_missed()
        self.ingest.start()
        self.launcher.start()
        self.searching.start()
        self.uploads.start()
        is_elsewhere = self._settings.launcher or self._settings.ray
        if self._settings.prove and not is_elsewhere:
            self.prover.start()
        self.demo.start(wanted=not self._settings.no_demo)

    def _try_to_catch_up(self) -> float:
        if self.is_read_only:
            self._catch_up()
            self.is_read_only = False
            log.warning("The server can write again, and manages the runs.")
        return IDLE_S

    def wake(self) -> None:
        """Look for runs to start, trials to sample and workers that have ended."""
        self.launcher.wake()
        self.searching.wake()

    def _trial_every_s(self, run_id: int) -> float:
        if run_id in self._watched():
            return POINTS_EVERY_S
        return JUDGED_EVERY_S if self.searching.may_be_pruned(run_id) else TRIALS_EVERY_S

    def warnings(self) -> list[str]:
        """What fails in the background because of a programming error."""
        ours = (self.tasks, self.ingest, self.launcher, self.searching)
        parts = (*ours, self.uploads, self.prover, self.demo)
        read_only = (
            ["The server cannot write, for example because the disk is full. It only shows runs."]
            if self.is_read_only
            else []
        )
        failing = [warning for part in parts for warning in part.loop.warnings()]
        return read_only + failing

    def _notice_exit(self) -> None:
        self.launcher.notice()
        self.prover.wake()

    def on_commit(self, committed: Committed) -> None:
        """Start the next run as soon as one has freed its slot."""
        self.searching.on_commit(committed)
        self.uploads.on_commit(committed)
        if any(frees_slot(event) for event in committed.events):
            self.launcher.start_more()
            self.prover.wake()

    def close(self) -> None:
        """End everything but the workers; end those too if the settings say so."""
        self._catching_up.close()
        self.uploads.close()
        self.tasks.close()
        self.demo.close()
        self.prover.close()
        self.searching.close()
        self.launcher.close()
        if self._settings.stop_workers:
            self.launcher.end_workers()
        self.remote.close()
        self.ingest.close()
        self.fork_server.close()
