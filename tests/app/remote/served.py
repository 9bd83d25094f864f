"""The application on a socket, without its background work: what a worker elsewhere talks to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import uvicorn

from app.main import Application, create_app
from app.settings import Settings
from app.store.runs.create import start_run
from babysit.protocol.machine import Machine
from babysit.remote.connection import Access, Connection
from babysit.remote.run_storage import RemoteRunStorage
from babysit.storage.manifest import FILES, file_entry
from tests.app.fake_worker import SPIRALS
from tests.live_server import TOKEN
from tests.security.in_process import described

STARTED_WITHIN_S = 30.0
HERE = Machine("box-a", 4, 1_000_000, ["Fake GPU"], "0.1.0", "3.11")


@dataclass
class Served:
    """url: of the application. It manages no runs: those of a test are only in its store."""

    application: Application
    url: str
    connections: list[Connection] = field(default_factory=list)

    def new_run(self) -> int:
        with self.application.store.writing() as tx:
            return start_run(tx, SPIRALS, {}).id

    def directory(self, run_id: int) -> Path:
        return self.application.settings.runs_dir / str(run_id)

    def storage(self, run_id: int, attempt: int = 1, token: str | None = None) -> RemoteRunStorage:
        """As a worker elsewhere has it. token: by default a new one of this attempt."""
        token = token or self.application.leases.issue(run_id, attempt)
        access = Access(self.url, run_id, attempt, token)
        self.connections.append(Connection(access))
        return RemoteRunStorage(self.connections[-1], asdict(HERE))

    def close_connections(self) -> None:
        while self.connections:
            self.connections.pop().close()


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    settings = Settings(data_dir=folder, token=TOKEN, no_demo=True)
    application = create_app(settings)
    application.catalog.add("spirals", described())
    config = uvicorn.Config(
        application.asgi, port=0, lifespan="off", log_level="error", access_log=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline_s = time.monotonic() + STARTED_WITHIN_S
    while not server.started:
        assert thread.is_alive()
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Served(application, f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join(STARTED_WITHIN_S)
        application.store.close()


def checkpoint_files(folder: Path, content: bytes = b"weights") -> dict[str, bytes]:
    """What a checkpoint consists of, as far as its manifest says."""
    folder.mkdir(parents=True)
    files = {name: content * number for number, name in enumerate(FILES, 1)}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return files


def manifest_of(folder: Path) -> dict[str, object]:
    entries = {name: file_entry(folder / name) for name in FILES}
    return {"format": 1, "state_sha256": "0" * 64, "files": entries}
