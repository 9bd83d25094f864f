"""The actor of one attempt. It runs the worker as a process beside it, and ends with it.

Its code comes by name, from the Babysit that its node has; the server has compared the versions.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping

from babysit.remote.ray_cluster.nodes import nodes_of
from babysit.remote.ray_cluster.own_folder import make_own_folder

LOOK_EVERY_S = 0.1
ASKED_WITHIN_S = {True: 2.0, False: 60.0}  # for how it ended; by whether it ended well
OUTPUT_BYTES_MAX = 8_192  # of the worker's companion, which prints only why it cannot work


class WorkerActor:
    """line: what the worker is told, with its token: a JSON object."""

    def __init__(self, line: str, variables: Mapping[str, str]) -> None:
        self._folder, _ = make_own_folder()  # kept until this process ends
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the actor
        reading, writing = os.pipe()
        with os.fdopen(writing, "wb") as told:
            told.write(line.encode() + b"\n")  # an empty pipe has room for it
        try:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "babysit.remote.ray_cluster.worker"),
                    *("--dir", str(self._folder), *_machine()),
                ],
                stdin=reading,
                stdout=self._output,
                stderr=self._output,
                env={**os.environ, **variables},
                start_new_session=True,
            )
        finally:
            os.close(reading)
        threading.Thread(target=self._end_with_worker, daemon=True).start()

    async def wait(self) -> tuple[int, str]:
        """Wait for the worker's end: its exit code, and what it printed at last."""
        while (code := self._process.poll()) is None:
            await asyncio.sleep(LOOK_EVERY_S)
        return code, self._last_output()

    async def send_signal(self, number: int) -> None:
        """SIGTERM lets the worker finish its step and save a checkpoint."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.Signals(number))

    def _last_output(self) -> str:
        size = os.fstat(self._output.fileno()).st_size
        offset = max(0, size - OUTPUT_BYTES_MAX)
        return os.pread(self._output.fileno(), OUTPUT_BYTES_MAX, offset).decode(errors="replace")

    def _end_with_worker(self) -> None:
        """Free the resources, though nobody asks how the worker ended."""
        code = self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
        threading.Event().wait(ASKED_WITHIN_S[code == 0])
        os._exit(0)


def _machine() -> list[str]:
    """The arguments that name this node, as Ray does."""
    import ray

    if not ray.is_initialized():
        return []
    here = ray.get_runtime_context().get_node_id()
    return next((["--machine", node.name] for node in nodes_of(ray.nodes()) if node.id == here), [])
