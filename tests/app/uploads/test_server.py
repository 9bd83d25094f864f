"""A server with an object storage: it copies behind the training, and brings back what is gone."""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import dataclass
from typing import Any

import pytest

from app.settings import Settings
from app.verify.runner import verify
from babysit.storage.objects.storage import ObjectStorage
from tests.app.uploads.conftest import (
    ADDRESS,
    checkpoints,
    folder,
    is_warned,
    states,
    wait_for_copies,
    warnings,
)
from tests.live_server import LiveServer
from tests.object_server import KEY_ID, SECRET, Proxy, always, is_cut, says
from tests.sizes import FULL

FIRST = (
    "Checkpoints cannot be copied to object storage: it answers 503 SlowDown. The training goes "
    "on, and the copies are tried again."
)


def started(server: LiveServer, *, saves: int = 1) -> dict[str, Any]:
    """A run in training that has saved its start and a few more checkpoints."""
    run = server.start_run("spirals", steps=100_000, max_steps_per_s=50)
    for number in range(saves):
        server.wait_for_step(run["id"], 5 * (number + 1))
        server.command(run["id"], "save_checkpoint")
    return run


def stop(server: LiveServer, run: dict[str, Any]) -> None:
    server.command(run["id"], "stop")
    server.wait_for_status(run["id"], "stopped")


@dataclass
class Lived:
    """A run whose storage refused at first, and is over; what was seen meanwhile.

    said: messages of the failed copies. once: warnings before the storage took them; then: after.
    checkpoints: those that a person asked for, each with its copy. A test takes one for itself.
    """

    said: set[str]
    once: list[str]
    then: list[str]
    attempt: int
    checkpoints: list[dict[str, Any]]


@pytest.fixture(scope="module")
def lived(uploading: LiveServer, s3: Proxy) -> Lived:
    s3.fault = always(says(503, "SlowDown"))
    run = started(uploading, saves=4)
    uploading.wait_until(lambda: is_warned(uploading, run["id"]), "a warning")
    uploading.wait_until(lambda: states(uploading, run["id"]) == {"failed"}, "all copies fail")
    said = {item["storage"]["message"] for item in checkpoints(uploading, run["id"])}
    step = uploading.run(run["id"])["step"]
    s3.seen.clear()
    s3.fault = always(says(400, "ExpiredToken"))
    uploading.wait_until(lambda: s3.seen, "another try")
    uploading.wait_for_step(run["id"], step + 10)
    once = warnings(uploading, run["id"])
    s3.heal()
    stop(uploading, run)
    wait_for_copies(uploading, run["id"])
    uploading.wait_until(lambda: not is_warned(uploading, run["id"]), "that it works again")
    asked = [item for item in checkpoints(uploading, run["id"]) if item["cause"] == "user"]
    then, attempt = warnings(uploading, run["id"]), uploading.run(run["id"])["attempt"]
    return Lived(said, once, then, attempt, asked)


@pytest.fixture
def over(lived: Lived) -> list[dict[str, Any]]:
    return lived.checkpoints


def test_training_goes_on_while_the_storage_refuses_and_is_warned_of_once(lived: Lived) -> None:
    assert lived.said == {"it answers 503 SlowDown"}
    assert lived.once == [FIRST]
    assert lived.then == [FIRST, "Checkpoints are copied to object storage again."]
    assert lived.attempt == 1
    assert len(lived.checkpoints) == 4


def shown(server: LiveServer, checkpoint: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = server.client.get(f"/api/checkpoints/{checkpoint['id']}").json()
    return found


def test_a_fork_of_a_checkpoint_that_is_gone_here_fetches_it(
    uploading: LiveServer, over: list[dict[str, Any]]
) -> None:
    checkpoint = over[0]
    shutil.rmtree(folder(uploading, checkpoint))
    gone = shown(uploading, checkpoint)

    answer = uploading.client.post(f"/api/checkpoints/{checkpoint['id']}/fork", json={})

    elsewhere = {"state": "stored", "message": None, "local": False}
    assert gone == {**checkpoint, "storage": elsewhere}
    assert answer.status_code == 201, answer.text
    assert shown(uploading, checkpoint) == {**checkpoint, "pinned": True}
    stop(uploading, uploading.wait_for_status(answer.json()["id"], "running"))


def test_a_copy_that_does_not_match_is_refused_with_the_reason(
    uploading: LiveServer, over: list[dict[str, Any]], bucket: ObjectStorage
) -> None:
    checkpoint = over[1]
    spoil(bucket, checkpoint)
    shutil.rmtree(folder(uploading, checkpoint))

    answer = uploading.client.post(f"/api/checkpoints/{checkpoint['id']}/fork", json={})

    assert answer.status_code == 409
    assert answer.json()["message"] == (
        f"This checkpoint cannot be used: {checkpoint['step']} is missing; its copy in object "
        "storage: model.safetensors differs from its checksum. Choose another one."
    )
    assert not folder(uploading, checkpoint).exists()


def test_a_fork_is_refused_for_now_while_the_storage_does_not_answer(
    uploading: LiveServer, over: list[dict[str, Any]], s3: Proxy
) -> None:
    s3.fault = always(is_cut)

    answer = uploading.client.post(f"/api/checkpoints/{over[1]['id']}/fork", json={})

    s3.heal()
    assert answer.status_code == 503
    assert "could not be fetched from object storage" in answer.json()["message"]


def spoil(bucket: ObjectStorage, checkpoint: dict[str, Any]) -> None:
    """Make a file of the copy one of as many zeros."""
    start = f"runs/{checkpoint['run_id']}/checkpoints/{checkpoint['step']}-"
    key = next(
        key
        for key in bucket.keys_below(start.rpartition("/")[0])
        if key.startswith(start) and key.endswith("model.safetensors")
    )
    size = bucket.size(key)
    assert size is not None
    bucket.delete(key)
    assert bucket.create(key, bytes(size))


@pytest.mark.parametrize("is_spoilt", [False, True] if FULL else [True])
def test_a_recovery_uses_the_copy_or_else_the_next_older_checkpoint(
    uploading: LiveServer, bucket: ObjectStorage, *, is_spoilt: bool
) -> None:
    run = started(uploading)
    uploading.command(run["id"], "pause")
    wait_for_copies(uploading, run["id"])
    *_, older, newest = checkpoints(uploading, run["id"])
    if is_spoilt:
        spoil(bucket, newest)
    for item in (older, newest):
        shutil.rmtree(folder(uploading, item))

    os.kill(uploading.events(run["id"], "worker_started")[0]["pid"], signal.SIGKILL)
    recovered = uploading.wait_until(
        lambda: uploading.events(run["id"], "recovered"), "the second attempt has caught up"
    )

    used = older if is_spoilt else newest
    assert [(event["from_step"], event["verified"]) for event in recovered] == [
        (used["step"], True)
    ]
    assert folder(uploading, used).is_dir()
    messages = [event["message"] for event in uploading.events(run["id"], "warned")]
    refused = (
        f"Checkpoint {newest['step']} cannot be used: {newest['step']} is missing; its copy in "
        "object storage: model.safetensors differs from its checksum."
    )
    assert (refused in messages) == is_spoilt
    stop(uploading, run)


def test_a_deleted_checkpoint_leaves_the_storage_its_manifest_first(
    uploading: LiveServer, over: list[dict[str, Any]], bucket: ObjectStorage, s3: Proxy
) -> None:
    checkpoint = over[2]
    place = f"runs/{checkpoint['run_id']}/checkpoints"
    s3.seen.clear()

    path = f"/api/checkpoints/{checkpoint['id']}"
    answer = uploading.client.delete(path, headers={"content-type": "application/json"})

    def left() -> list[str]:
        return [key for key in bucket.keys_below(place) if f"/{checkpoint['step']}-" in key]

    assert answer.status_code == 204
    uploading.wait_until(lambda: not left(), "the copy is removed")
    deleted = [path.rpartition("/")[2] for path in s3.deleted()]
    assert deleted[0] == "manifest.json"
    assert len(deleted) == 5
    assert shown(uploading, checkpoint)["storage"] is None


def test_verify_brings_back_what_is_gone(
    uploading: LiveServer,
    over: list[dict[str, Any]],
    bucket: ObjectStorage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone, spoilt = over[3], over[1]
    for item in (gone, spoilt):
        shutil.rmtree(folder(uploading, item), ignore_errors=True)
    said: list[str] = []

    monkeypatch.setenv("BABYSIT_STORAGE", ADDRESS)
    settings = Settings(data_dir=uploading.data_dir)
    verify(settings, gone["run_id"], deep=False, report=said.append)

    wrong = [line for line in said if line.startswith("WRONG")]
    assert len(wrong) == 1
    assert wrong[0].endswith(
        f"run {gone['run_id']}, checkpoint {spoilt['step']}: {spoilt['step']} is missing; its copy "
        "in object storage: model.safetensors differs from its checksum"
    )
    assert folder(uploading, gone).is_dir()


def test_no_credential_was_written_anywhere(uploading: LiveServer) -> None:
    files = [path for path in uploading.data_dir.rglob("*") if path.is_file()]
    for path in [*files, uploading.log]:
        content = path.read_bytes()
        assert KEY_ID.encode() not in content, path
        assert SECRET.encode() not in content, path
