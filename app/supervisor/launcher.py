"""Starts workers for queued runs, adopts workers after a restart, and notices their ends."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from babysit.protocol.events import StatusChanged, Warned
from babysit.protocol.status import RunStatus
from babysit.storage.file_watch import FileWatch
from babysit.storage.process_identity import ProcessIdentity

from ..store.runs.commands import runs_asked_to_stop
from ..store.runs.declared import is_by_hand, started_by_hand
from ..store.runs.projection import emit, refuse_what_is_left
from ..store.runs.runs import active_runs, find_run, runs_with_workers
from ..store.store import Store
from .background_loop import BackgroundLoop
from .capacity import next_to_start
from .exit_policy import ATTEMPTS_MAX, ExitDecision, decide_exit
from .fork_client import ForkServerClient
from .ingest import Ingest
from .liveness import identity_said
from .process import ServerEnds, Worker, start_worker
from .remote_workers.starter import RemoteStarter
from .script_adopter import ScriptAdopter
from .watchdog import Watchdog

LOOK_EVERY_S = 1.0  # starts, ends and commands wake the launcher at once
PAUSED_S = 3.0  # while all workers are paused, or there are none
WORKERS_END_WITHIN_S = 2.5  # the server itself must end within 5 s
LOCK_LOOK_EVERY_S = 0.02
REST_S = (0.5, 5.0)  # before the second and the third attempt


class Launcher:
    """Runs as many ordinary runs at once as there are slots, and trials in addition. One thread.

    stuck_after_s: without a step for so long, a worker is stuck. give_way: before one starts.
    """

    def __init__(
        self,
        store: Store,
        fork_server: ForkServerClient,
        ingest: Ingest,
        *,
        stuck_after_s: float,
        recovers: bool,
        remote: RemoteStarter,
        give_way: Callable[[], None],
    ) -> None:
        self._store, self._nursery, self._ingest = store, fork_server, ingest
        self._workers: dict[int, Worker] = {}
        self._may_start = self._may_have_ended = True
        self._resting: dict[int, tuple[float, int]] = {}  # run: when (monotonic), attempt
        self._recovers, self._remote = recovers, remote
        self._give_way, self._watchdog = give_way, Watchdog(stuck_after_s)
        self._looked_at_s, self._every_s = -math.inf, LOOK_EVERY_S  # at all workers
        self._scripts = ScriptAdopter(store, ingest)
        new_runs = FileWatch()
        new_runs.add(store.runs_dir)  # where scripts make directories for their runs
        self.loop = BackgroundLoop("launcher", self._look_after_runs, new_runs)

    def start(self) -> None:
        """Adopt the workers of an earlier server, then manage the runs."""
        self._scripts.look()
        self._adopt()
        self.loop.start()

    def wake(self) -> None:
        """Look for runs to start and workers that have ended."""
        self._may_start = self._may_have_ended = True
        self.loop.wake()

    def start_more(self) -> None:
        """A run was queued, or has freed its slot."""
        self._may_start = True
        self.loop.wake()

    def notice(self) -> None:
        """A worker's process has ended."""
        self._may_have_ended = True
        self.loop.wake()

    def close(self) -> None:
        """End the loop; workers continue."""
        self.loop.request_close()
        self._nursery.ready.set()  # ends the waiting for it
        self.loop.close()

    def end_workers(self) -> None:
        """Ask all workers to finish their step, save a checkpoint and exit; wait a short time.

        Called when the launcher is closed. A worker that takes longer exits later by itself.
        """
        with self._store.reading() as session:
            by_hand = started_by_hand(session)
        workers = {run_id: item for run_id, item in self._workers.items() if run_id not in by_hand}
        for run_id, worker in workers.items():
            worker.send_signal(self._directory(run_id), signal.SIGTERM)
        deadline_s = time.monotonic() + WORKERS_END_WITHIN_S
        for run_id, worker in workers.items():
            directory = self._directory(run_id)
            while worker.may_write(directory) and time.monotonic() < deadline_s:
                time.sleep(LOCK_LOOK_EVERY_S)
            self._ingest.read_to_end(run_id, worker.attempt)

    def _look_after_runs(self) -> float:
        try:
            self._scripts.look()
            if not (self._may_start or self._may_have_ended):  # nothing has woken the loop
                self._may_start = self._is_one_to_start()
            if self._may_start:  # first, as a slot may be free already
                self._may_start = False
                self._start_queued()
            # All workers once a second, however often one starts or ends.
            if self._may_have_ended or time.monotonic() - self._looked_at_s >= self._every_s:
                self._may_have_ended, self._looked_at_s = False, time.monotonic()
                if self._notice_ends():
                    self._start_queued()
            self._start_rested()
        except BaseException:
            self._may_start, self._looked_at_s = True, -math.inf
            raise
        return REST_S[0] if self._resting or self._scripts.is_unsettled else self._every_s

    # -- starting

    def _is_one_to_start(self) -> bool:
        with self._store.reading() as session:
            return next_to_start(session, self._remote.slots()) is not None

    def _directory(self, run_id: int) -> Path:
        return self._store.runs_dir / str(run_id)

    def _start_queued(self) -> None:
        """Start workers for as many queued runs as there are slots, in one transaction."""
        begun: list[tuple[int, int, bool]] = []
        with self._store.writing() as tx:
            queued = next_to_start(tx.session, self._remote.slots())
            while queued is not None and not self.loop.is_closing:
                run = find_run(tx.session, queued.run_id)
                run.attempt += 1
                begun.append((run.id, run.attempt, run.search_id is not None))
                emit(tx, run, StatusChanged(step=run.step, status=RunStatus.STARTING))
                is_last, slots = queued.is_last, self._remote.slots()
                queued = None if is_last else next_to_start(tx.session, slots)
        for run_id, attempt, is_trial in begun:
            self._ingest.follow_new(run_id, attempt, is_trial=is_trial)
            self._begin_attempt(run_id, attempt)

    def _begin_attempt(self, run_id: int, attempt: int) -> None:
        self._give_way()
        try:
            directory = self._directory(run_id)
            if self._remote.takes(directory):
                self._workers[run_id] = self._remote.start(run_id, attempt)
                return
            self._workers[run_id] = start_worker(
                self._nursery,
                directory,
                attempt,
                may_retry=self.may_retry(attempt),
                is_closing=lambda: self.loop.is_closing,
            )
        except ServerEnds:
            self._end(run_id, ExitDecision(RunStatus.QUEUED))  # for the next server
        except OSError as error:
            reason = f"The worker could not be started: {error.strerror}."
            self._end(run_id, ExitDecision(RunStatus.LOST, reason))

    def may_retry(self, attempt: int) -> bool:
        """Whether another attempt may follow this one."""
        return self._recovers and attempt < ATTEMPTS_MAX

    def _start_rested(self) -> None:
        """Begin the further attempts whose pause is over."""
        for run_id, (when_s, attempt) in list(self._resting.items()):
            if time.monotonic() >= when_s and not self.loop.is_closing:
                del self._resting[run_id]
                self._ingest.follow(run_id, attempt)
                self._begin_attempt(run_id, attempt)

    # -- after a restart

    def _adopt(self) -> None:
        """Follow every run that has or may have a worker."""
        with self._store.reading() as session:
            for run in active_runs(session):
                if run.status is RunStatus.QUEUED:
                    continue
                said = identity_said(session, run)
                self._workers[run.id] = self._known(run.id, run.attempt, said)
                self._ingest.follow(run.id, run.attempt)

    def _known(self, run_id: int, attempt: int, identity: ProcessIdentity | None = None) -> Worker:
        """A worker that this server did not start, here or elsewhere."""
        return self._remote.known(run_id, attempt) or Worker(attempt, time.monotonic(), identity)

    # -- ends

    def _notice_ends(self) -> bool:
        """Look at all workers; whether one has ended, so that a run may be started."""
        with self._store.reading() as session:
            active = {
                run_id: (status, attempt) for run_id, status, attempt in runs_with_workers(session)
            }
            stopping = runs_asked_to_stop(session)
        has_ended = False
        is_calm = not stopping and self._workers.keys() <= active.keys()
        is_calm &= all(status is RunStatus.PAUSED for status, _ in active.values())
        self._every_s = PAUSED_S if is_calm else LOOK_EVERY_S
        for run_id, left in list(self._workers.items()):
            if run_id not in active:
                self._release(run_id, left)
        for run_id, (status, attempt) in active.items():
            worker = self._workers.get(run_id)
            if worker is None or worker.attempt != attempt:  # taken for lost, and yet it writes
                worker = self._workers[run_id] = self._known(run_id, attempt)
            if worker.is_there(self._directory(run_id), status):
                self._watch(run_id, worker, is_stop_asked=run_id in stopping)
            else:
                has_ended |= self._find_out(run_id, worker, status)
        return has_ended

    def _watch(self, run_id: int, worker: Worker, *, is_stop_asked: bool) -> None:
        """Report a worker that is stuck; end it if it was asked to stop."""
        directory = self._directory(run_id)
        send = partial(worker.send_signal, directory)
        warning = worker.look(directory)
        warning = warning or self._watchdog.look(run_id, directory, worker.attempt, send)
        if warning is not None:
            with self._store.writing() as tx:
                run = find_run(tx.session, run_id)
                emit(tx, run, Warned(step=run.step, message=warning))
        if is_stop_asked:
            self._watchdog.enforce_stop(run_id, send)

    def _release(self, run_id: int, worker: Worker) -> None:
        """The run is over: stop following its journal once the process has exited as well."""
        if not worker.may_write(self._directory(run_id)):
            self._ingest.read_to_end(run_id, worker.attempt)
            self._ingest.leave(run_id, worker.attempt)
            self._watchdog.forget(run_id)
            del self._workers[run_id]

    def _find_out(self, run_id: int, worker: Worker, status: RunStatus) -> bool:
        """The worker has exited: read its journal to the end, then decide how the run goes on.

        Returns:
            Whether the decision was the server's, not the worker's.
        """
        directory = self._directory(run_id)
        if not worker.may_conclude(directory, self._nursery):
            return False
        worker.give_up(directory)
        self._ingest.read_to_end(run_id, worker.attempt)
        with self._store.reading() as session:
            run = find_run(session, run_id)
            if run.status.is_over or run.attempt != worker.attempt:
                return False
            has_begun = identity_said(session, run) is not None
            never_locked = not worker.was_started and status is RunStatus.STARTING
            if never_locked and not has_begun and not is_by_hand(run):
                follows: ExitDecision = ExitDecision(RunStatus.QUEUED)  # the server ended too early
            else:
                follows = decide_exit(session, run, directory, recovers=self._recovers)
        if follows.status is RunStatus.STARTING:
            self._restart(run_id, worker.attempt, follows)
        else:
            self._end(run_id, follows)
        return True

    def _restart(self, run_id: int, attempt: int, follows: ExitDecision) -> None:
        """Restart from the last checkpoint after a pause that grows."""
        with self._store.writing() as tx:
            run = find_run(tx.session, run_id)
            run.attempt = attempt + 1
            emit(tx, run, follows.to_event(run.step))
        now_s = time.monotonic()
        rest_s = REST_S[min(attempt, len(REST_S)) - 1]
        self._workers[run_id] = Worker(attempt + 1, now_s, None)
        self._resting[run_id] = (now_s + rest_s, attempt + 1)

    def _end(self, run_id: int, follows: ExitDecision) -> None:
        with self._store.writing() as tx:
            run = find_run(tx.session, run_id)
            if run.status.is_over:
                return
            for answer in follows.answers:
                emit(tx, run, answer)
            emit(tx, run, follows.to_event(run.step))
            if follows.status.is_over:
                refuse_what_is_left(tx, run)
        self._workers.pop(run_id, None)
