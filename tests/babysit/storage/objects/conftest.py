"""Object storages of both kinds, empty, and checkpoints to copy."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from babysit.storage.manifest import FILES, MANIFEST, Announced
from babysit.storage.objects.copies import Copy
from babysit.storage.objects.storage import PART_BYTES, ObjectStorage
from tests.object_server import BUCKET, Proxy, faulty_proxy, s3_server


@pytest.fixture(scope="module")
def s3() -> Iterator[Proxy]:
    with s3_server() as port, faulty_proxy(port) as proxy:
        yield proxy


@pytest.fixture
def proxy(s3: Proxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The proxy before the S3 server, without faults, and the environment that leads to it."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    s3.seen.clear()
    yield s3
    s3.heal()


@pytest.fixture(params=["file", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStorage]:
    if request.param == "s3":
        request.getfixturevalue("proxy")
        opened = ObjectStorage(f"s3://{BUCKET}/{uuid.uuid4().hex}")
    else:
        opened = ObjectStorage(f"file://{tmp_path}/elsewhere")
    yield opened
    opened.close()


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A checkpoint of random bytes."""
    return checkpoint(tmp_path, model_bytes=2000)


@pytest.fixture
def large(tmp_path: Path) -> Copy:
    """A checkpoint one of whose files is sent in two parts."""
    return checkpoint(tmp_path, model_bytes=PART_BYTES + 5)


def checkpoint(tmp_path: Path, *, model_bytes: int) -> Copy:
    directory = tmp_path / "runs/7/checkpoints/500"
    directory.mkdir(parents=True)
    files: dict[str, dict[str, Any]] = {}
    for name in FILES:
        content = os.urandom(model_bytes if name == FILES[0] else 1000)
        (directory / name).write_bytes(content)
        files[name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    state_sha256 = uuid.uuid4().hex * 2
    manifest = {"format": 1, "state_sha256": state_sha256, "files": files}
    (directory / MANIFEST).write_text(json.dumps(manifest))
    return Copy(directory, Announced(state_sha256, sum(each["bytes"] for each in files.values())))
