"""One server whose checkpoints go to S3, through a proxy that makes faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from babysit.storage.objects.storage import ObjectStorage
from tests.conftest import knowing_the_tasks
from tests.live_server import LiveServer, serving
from tests.object_server import BUCKET, Proxy, faulty_proxy, s3_server

ADDRESS = f"s3://{BUCKET}/server"


@pytest.fixture(scope="module")
def s3() -> Iterator[Proxy]:
    with s3_server() as port, faulty_proxy(port) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def uploading(
    tmp_path_factory: pytest.TempPathFactory, descriptions: Path, s3: Proxy
) -> Iterator[LiveServer]:
    data_dir = knowing_the_tasks(tmp_path_factory.mktemp("uploading") / "var", descriptions)
    environment: dict[str, Any] = {
        **s3.environment,
        "BABYSIT_STORAGE": ADDRESS,
        "BABYSIT_PARALLEL": "20",
    }
    with serving(data_dir, "--no-demo", **environment) as server:
        yield server


@pytest.fixture
def bucket(s3: Proxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStorage]:
    """What the server has stored."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    opened = ObjectStorage(ADDRESS)
    yield opened
    opened.close()


def checkpoints(server: LiveServer, run_id: int) -> list[dict[str, Any]]:
    """Those that are still there, oldest first."""
    answer = server.client.get(f"/api/runs/{run_id}/checkpoints")
    assert answer.status_code == 200, answer.text
    return [item for item in answer.json() if not item["removed"]]


def all_in_state(server: LiveServer, run_id: int, state: str) -> Callable[[], bool]:
    def look() -> bool:
        found = checkpoints(server, run_id)
        return bool(found) and {item["storage"]["state"] for item in found} == {state}

    return look


def folder(server: LiveServer, checkpoint: dict[str, Any]) -> Path:
    """Where its files are, if they are on this machine; its run has one for each step."""
    run = server.data_dir / "runs" / str(checkpoint["run_id"])
    return run / "checkpoints" / str(checkpoint["step"])


def warnings(server: LiveServer, run_id: int) -> list[str]:
    return [
        event["message"]
        for event in server.events(run_id, "warned")
        if "object storage" in event["message"]
    ]
