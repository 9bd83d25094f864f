"""Proves runs while nothing else wants the processors: one at a time, in its own thread."""

from __future__ import annotations

import logging
import math
import signal
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from babysit.protocol.events import Exactness
from babysit.storage.process_identity import ProcessIdentity, identity_of, is_alive, send_signal

from ...errors import NotFound
from ...store.journals.spec_file import RUN_FILE
from ...store.runs.projection import emit
from ...store.runs.runs import find_run
from ...store.store import Store
from ..background_loop import BackgroundLoop
from ..capacity import free_places
from ..fork_client import ForkServerClient, ForkServerGone
from ..liveness import has_exit_record
from .candidates import next_candidate, recorded
from .directory import ATTEMPT, make, remove_all, result

LOOK_EVERY_S = 5.0  # for a run to prove; at an end of a run at once
WATCH_EVERY_S = 0.5  # the process that proves; at its end at once
TURN_EVERY_S = 1.0  # at most
ENDED_WITHIN = timedelta(minutes=10)  # a run that ended earlier is left alone
WITHIN_S = 150.0  # the process ends by itself before that

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Proof:
    """A process at work. began_s: monotonic."""

    run_id: int
    directory: Path
    process: ProcessIdentity
    began_s: float

    def has_ended(self) -> bool:
        return has_exit_record(self.directory, ATTEMPT) or not is_alive(self.process)

    def end(self) -> None:
        send_signal(self.process, signal.SIGKILL)


class Prover:
    """Looks for a run to prove whenever a place is free and no run waits for one.

    `give_way` may be called from other threads.
    """

    def __init__(self, store: Store, fork_server: ForkServerClient, *, parallel: int) -> None:
        """parallel: the number of places for runs."""
        self._store, self._fork_server, self._parallel = store, fork_server, parallel
        self._tried: set[int] = set()  # ids of checkpoints
        self._proof: Proof | None = None
        self._ways_given = 0
        self._lock = threading.Lock()  # of the two before
        self._looked_at_s = -math.inf
        self.loop = BackgroundLoop("proofs", self._look)

    def start(self) -> None:
        remove_all(self._data_dir)
        self.loop.start()

    def wake(self) -> None:
        """A run, or the process that proves, has begun or ended."""
        self.loop.wake()

    def give_way(self) -> None:
        """End the process that proves: a run begins."""
        with self._lock:
            self._ways_given += 1
            if self._proof is not None:
                self._proof.end()

    def close(self) -> None:
        self.loop.request_close()
        self.give_way()
        self.loop.close()
        if self._proof is not None:
            remove_all(self._data_dir)

    @property
    def _data_dir(self) -> Path:
        return self._store.runs_dir.parent

    def _look(self) -> float:
        """Watch the process that proves, or start one. Returns: when to look again, in seconds."""
        if self._proof is not None:
            return self._watch(self._proof)
        now_s = time.monotonic()
        if now_s < self._looked_at_s + TURN_EVERY_S:
            return self._looked_at_s + TURN_EVERY_S - now_s
        self._looked_at_s = now_s
        if not (self._fork_server.is_alive and self._fork_server.torch):
            return LOOK_EVERY_S
        try:
            return TURN_EVERY_S if self._try_next() else LOOK_EVERY_S
        except (ForkServerGone, OSError) as error:  # that says nothing of the run
            log.info("a run could not be proved: %s", error)
            return TURN_EVERY_S

    def _try_next(self) -> bool:
        """Begin to prove a run, if there is one and a place is free. Returns: whether there is.

        Raises:
            ForkServerGone, OSError: that run cannot be proved from this checkpoint.
        """
        ways = self._ways_given
        since = (datetime.now(UTC) - ENDED_WITHIN).isoformat(timespec="milliseconds")
        with self._store.reading() as session:
            free = free_places(session, self._parallel)
            if free == 0:
                return False
            # The memory of a GPU is not ours to fill while a run may need it.
            on_gpu = free == self._parallel
            candidate = next_candidate(session, self._tried, since=since, on_gpu=on_gpu)
            if candidate is None:
                return False
            points = recorded(session, candidate)
        self._tried.add(candidate.checkpoint_id)
        run_directory = self._store.runs_dir / str(candidate.run_id)
        spec = RUN_FILE.read(run_directory)
        if not points or isinstance(spec, str) or spec.recipe:  # a recipe is a comparison itself
            return True
        directory = make(run_directory, candidate, points)
        pid = self._fork_server.work(directory, ATTEMPT, may_retry=False, proves=True)
        proof = Proof(candidate.run_id, directory, identity_of(pid), time.monotonic())
        with self._lock:
            self._proof = proof
            if ways != self._ways_given:
                proof.end()
        return True

    def _watch(self, proof: Proof) -> float:
        has_ended = proof.has_ended()  # looked at first: what it has said is complete then
        found = result(proof.directory)
        if found is None and not has_ended:
            if time.monotonic() > proof.began_s + WITHIN_S:
                proof.end()
            return WATCH_EVERY_S
        proof.end()
        with self._lock:
            self._proof = None
        remove_all(self._data_dir)
        if found is not None:
            self._record(proof.run_id, found)
        return 0.0

    def _record(self, run_id: int, found: Exactness) -> None:
        try:
            with self._store.writing() as tx:
                emit(tx, find_run(tx.session, run_id), found)
        except NotFound:  # it was deleted meanwhile
            return
