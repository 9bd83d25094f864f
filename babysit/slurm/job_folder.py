"""What the command on the server's machine and the jobs of one run tell each other, as files.

Both see the folder: Slurm clusters have such file systems, and submitit needs one anyway. A token
is in it only until the job has read it, in a file that nobody else may read.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from babysit.remote.connection import Access
from babysit.storage.atomic import PRIVATE, write_atomic


class JobFolder:
    """The files of one run of one server."""

    def __init__(self, parent: Path, url: str, run: int) -> None:
        server = hashlib.sha256(url.encode()).hexdigest()[:12]
        self.path = parent / f"{server}-{run}"

    @property
    def _access(self) -> Path:
        return self.path / "access.json"

    @property
    def _left(self) -> Path:
        return self.path / "left.json"

    def make(self) -> None:
        """Raises: OSError: it cannot be made."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def give_access(self, access: Access) -> None:
        """For the next job, or the one that waits for its next attempt."""
        told = {"url": access.url, "run": access.run, "attempt": access.attempt}
        write_atomic(self._access, json.dumps({**told, "token": access.token}), mode=PRIVATE)

    def take_access(self) -> Access | None:
        """What a job works on; nobody else gets it any more. None: it is not there."""
        try:
            told = json.loads(self._access.read_text())
            self._access.unlink()
        except FileNotFoundError:
            return None
        self.forget_job()
        return Access(told["url"], told["run"], told["attempt"], told["token"])

    @property
    def is_access_taken(self) -> bool:
        return not self._access.exists()

    def leave(self, job_id: str, attempt: int) -> None:
        """Say that a job gives this attempt up, is requeued, and waits for the next one."""
        write_atomic(self._left, json.dumps({"job_id": job_id, "attempt": attempt}), mode=PRIVATE)

    def left_by(self, attempt: int) -> str | None:
        """The job that has given an attempt up and waits for the next one; None: there is none."""
        try:
            left = json.loads(self._left.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return str(left["job_id"]) if left.get("attempt") == attempt else None

    def forget_job(self) -> None:
        """The job waits no more."""
        self._left.unlink(missing_ok=True)

    @property
    def is_waited_in(self) -> bool:
        return self._left.exists()
