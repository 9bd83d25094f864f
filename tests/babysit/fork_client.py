"""A real fork server process, spoken to by the server's own client."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

from app.supervisor import fork_client

READY_WITHIN_S = 90.0  # it imports torch


class ForkServer(fork_client.ForkServerClient):
    """One that is ready, for the tasks of a folder. exits: how many workers it said have ended."""

    def __init__(self, models: Path) -> None:
        self.exits = threading.Semaphore(0)
        super().__init__(models / "nursery.log", self.exits.release)
        before = os.environ.get("BABYSIT_MODELS")
        os.environ["BABYSIT_MODELS"] = str(models)
        try:
            self.start()
        finally:
            if before is None:
                del os.environ["BABYSIT_MODELS"]
            else:
                os.environ["BABYSIT_MODELS"] = before
        assert self.ready.wait(READY_WITHIN_S), "the nursery is not ready"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def close(self) -> None:
        super().close()
        assert self.process.stdout is not None
        self.process.stdout.close()
