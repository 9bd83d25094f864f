"""Who may write an attempt of a run from elsewhere: one token for each attempt, ended with it.

Only the SHA-256 of a token is kept, in a hidden file of the run's directory, which backups leave
out: a server that was killed knows its workers again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import secrets
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from babysit.protocol.machine import Machine
from babysit.storage.atomic import PRIVATE, write_atomic
from babysit.storage.process_identity import ProcessIdentity
from babysit.storage.runs.local import LocalRunStorage
from babysit.storage.runs.storage import AttemptOver

log = logging.getLogger(__name__)

SILENT_AFTER_S = 15.0  # without a request: there is no contact
MACHINES_MAX = 1_000  # that are remembered though no worker is there any more
COMMAND = "command"  # the launcher of `BABYSIT_LAUNCHER`


@dataclass(slots=True)
class Lease:
    """The right of one process somewhere to write one attempt.

    contact_s: monotonic, of its last request to this server; None: it never sent one.
    launcher: what kind of launcher started it. process: the command on this machine that did.
    machine: where it runs, by its own word. instance: which process began; no other one may.
    scheduler: what the launcher has left the choice of the machine to.
    was_lost: there was no contact when the attempt was ended.
    signals: what the worker is to be sent at its next heartbeat.
    """

    run_id: int
    attempt: int
    token_sha256: str
    storage: LocalRunStorage
    since_s: float
    launcher: str = COMMAND
    process: ProcessIdentity | None = None
    machine: Machine | None = None
    instance: str = ""
    contact_s: float | None = None
    signals: list[int] = field(default_factory=list)
    scheduler: str = ""
    was_lost: bool = False

    @property
    def is_over(self) -> bool:
        return self.storage.is_over

    @property
    def has_begun(self) -> bool:
        return self.machine is not None

    @property
    def silent_s(self) -> float:
        """Since the last request; to a server that was started again, since its start."""
        return time.monotonic() - (self.since_s if self.contact_s is None else self.contact_s)

    @property
    def is_in_contact(self) -> bool:
        return self.contact_s is not None and self.silent_s < SILENT_AFTER_S

    @property
    def way(self) -> str:
        """By what its worker came to its machine."""
        return self.scheduler or self.launcher

    @property
    def where(self) -> str:
        return "elsewhere" if self.machine is None else f"on {self.machine.name}"


class Leases:
    """All leases of a data directory. Thread-safe."""

    def __init__(self, runs_dir: Path) -> None:
        self._runs_dir = runs_dir
        self._leases: dict[tuple[int, int], Lease] = {}
        self._ended: dict[tuple[str, str], Lease] = {}  # the last one, by launcher and machine
        self._lock = threading.Lock()

    def issue(self, run_id: int, attempt: int, launcher: str = COMMAND) -> str:
        """A new token for an attempt that is to be started elsewhere.

        Raises:
            OSError: the lease cannot be kept.
        """
        token = secrets.token_urlsafe(32)
        storage = LocalRunStorage(self._runs_dir / str(run_id), attempt)
        lease = Lease(
            run_id, attempt, sha256(token.encode()), storage, time.monotonic(), launcher=launcher
        )
        self._keep(lease)
        with self._lock:
            self._leases[run_id, attempt] = lease
        return token

    def find(self, run_id: int, attempt: int) -> Lease | None:
        """The lease of an attempt; None: it was never started elsewhere."""
        with self._lock:
            lease = self._leases.get((run_id, attempt))
            if lease is None:
                lease = self._read(run_id, attempt)
                if lease is not None:
                    self._leases[run_id, attempt] = lease
            return lease

    def check(self, run_id: int, attempt: int, token: bytes) -> bool:
        """Whether the token is the attempt's own; then the worker is in contact.

        Raises:
            AttemptOver: it is, and the attempt has ended.
        """
        lease = self.find(run_id, attempt)
        if lease is None or not hmac.compare_digest(lease.token_sha256, sha256(token)):
            return False
        if lease.is_over:
            raise AttemptOver("the attempt has ended")
        lease.contact_s = time.monotonic()
        return True

    def note_process(self, lease: Lease, process: ProcessIdentity) -> None:
        """Remember the command that starts the worker."""
        lease.process = process
        self._keep(lease)

    def note_machine(
        self, lease: Lease, machine: Machine, instance: str, scheduler: str = ""
    ) -> None:
        """Remember where the worker runs, and what has brought it there.

        Raises:
            AttemptOver: another process has begun this attempt.
        """
        with self._lock:
            if lease.instance not in ("", instance):
                raise AttemptOver("another process has begun this attempt")
            lease.machine, lease.instance, lease.scheduler = machine, instance, scheduler
        self._keep(lease)

    def end(self, lease: Lease) -> None:
        """End the attempt: when this returns, nothing of it is written any more."""
        if not lease.is_over:
            lease.was_lost = not lease.is_in_contact
        lease.storage.close()
        self._remember(lease)
        try:
            self._keep(lease)
        except OSError as error:  # its directory is gone, or the disk is full
            log.warning("run %d: the end of a lease cannot be kept: %s", lease.run_id, error)

    def active(self) -> list[Lease]:
        """Those that have not ended."""
        with self._lock:
            return [lease for lease in self._leases.values() if not lease.is_over]

    def ended(self) -> dict[tuple[str, str], Lease]:
        """The one that ended last, by launcher and name of the machine."""
        with self._lock:
            return dict(self._ended)

    def _remember(self, lease: Lease) -> None:
        if lease.machine is None:
            return
        key = (lease.way, lease.machine.name)
        with self._lock:
            self._ended.pop(key, None)
            self._ended[key] = lease
            while len(self._ended) > MACHINES_MAX:
                del self._ended[next(iter(self._ended))]

    def forget(self, lease: Lease) -> None:
        """The run needs it no more; its file still tells a late worker that it has ended."""
        with self._lock:
            self._leases.pop((lease.run_id, lease.attempt), None)

    def _keep(self, lease: Lease) -> None:
        kept = {
            "token_sha256": lease.token_sha256,
            "launcher": lease.launcher,
            "process": None if lease.process is None else asdict(lease.process),
            "instance": lease.instance,
            "machine": None if lease.machine is None else asdict(lease.machine),
            "scheduler": lease.scheduler,
            "over": lease.is_over,
        }
        write_atomic(self._path(lease.run_id, lease.attempt), json.dumps(kept), mode=PRIVATE)

    def _read(self, run_id: int, attempt: int) -> Lease | None:
        try:
            kept: Any = json.loads(self._path(run_id, attempt).read_text())
            process, machine = kept["process"], kept["machine"]
            storage = LocalRunStorage(self._runs_dir / str(run_id), attempt)
            storage.is_over |= bool(kept["over"])
            return Lease(
                run_id,
                attempt,
                str(kept["token_sha256"]),
                storage,
                time.monotonic(),
                process=None if process is None else ProcessIdentity(**process),
                machine=None if machine is None else Machine(**machine),
                instance=str(kept["instance"]),
                launcher=str(kept.get("launcher", COMMAND)),
                scheduler=str(kept.get("scheduler", "")),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _path(self, run_id: int, attempt: int) -> Path:
        return self._runs_dir / str(run_id) / f".attempt-{attempt:04d}.lease"


def sha256(token: bytes) -> str:
    return hashlib.sha256(token).hexdigest()
