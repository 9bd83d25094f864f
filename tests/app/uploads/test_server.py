"""A server with an object storage: it copies behind the training, and brings back what is gone."""

from __future__ import annotations

import os
import shutil
import signal
from typing import Any

import pytest

from app.settings import Settings
from app.verify.runner import verify
from babysit.storage.objects.storage import ObjectStorage
from tests.app.uploads.conftest import ADDRESS, all_in_state, checkpoints, folder, warnings
from tests.live_server import LiveServer
from tests.object_server import KEY_ID, SECRET, Proxy, always, is_cut, says

JSON = {"content-type": "application/json"}
FIRST = (
    "Checkpoints cannot be copied to object storage: it answers 503 SlowDown. The training goes "
    "on, and the copies are tried again."
)


def started(server: LiveServer) -> dict[str, Any]:
    """A run in training that has saved its start and one more checkpoint."""
    run = server.start_run("spirals", steps=100_000, max_steps_per_s=200)
    server.wait_for_step(run["id"], 10)
    server.command(run["id"], "save_checkpoint")
    return run


def stop(server: LiveServer, run: dict[str, Any]) -> None:
    server.command(run["id"], "stop")
    server.wait_for_status(run["id"], "stopped")


def test_training_goes_on_while_the_storage_refuses_and_is_warned_of_once(
    uploading: LiveServer, s3: Proxy
) -> None:
    s3.fault = always(says(503, "SlowDown"))
    run = started(uploading)
    uploading.wait_until(lambda: warnings(uploading, run["id"]), "a warning")
    uploading.wait_until(all_in_state(uploading, run["id"], "failed"), "all copies fail")
    said = {item["storage"]["message"] for item in checkpoints(uploading, run["id"])}
    step = uploading.run(run["id"])["step"]
    s3.seen.clear()
    s3.fault = always(says(400, "ExpiredToken"))
    uploading.wait_until(lambda: s3.seen, "another try")
    uploading.wait_for_step(run["id"], step + 10)
    once = warnings(uploading, run["id"])

    s3.heal()
    uploading.wait_until(all_in_state(uploading, run["id"], "stored"), "all copies are there")

    assert said == {"it answers 503 SlowDown"}
    assert once == [FIRST]
    uploading.wait_until(lambda: len(warnings(uploading, run["id"])) == 2, "that it works again")
    assert uploading.run(run["id"])["attempt"] == 1
    stop(uploading, run)


def test_a_fork_of_a_checkpoint_that_is_gone_here_fetches_it(uploading: LiveServer) -> None:
    run = started(uploading)
    stop(uploading, run)
    uploading.wait_until(all_in_state(uploading, run["id"], "stored"), "all copies are there")
    before = checkpoints(uploading, run["id"])[-1]
    shutil.rmtree(folder(uploading, before))

    shown = checkpoints(uploading, run["id"])[-1]
    answer = uploading.client.post(f"/api/checkpoints/{before['id']}/fork", json={"steps": 99_000})

    assert shown == {**before, "storage": {"state": "stored", "message": None, "local": False}}
    assert answer.status_code == 201, answer.text
    assert checkpoints(uploading, run["id"])[-1] == {**before, "pinned": True}
    forked = uploading.wait_for_status(answer.json()["id"], "running")
    stop(uploading, forked)


def test_a_copy_that_does_not_match_is_refused_with_the_reason(
    uploading: LiveServer, bucket: ObjectStorage
) -> None:
    run = started(uploading)
    stop(uploading, run)
    uploading.wait_until(all_in_state(uploading, run["id"], "stored"), "all copies are there")
    newest = checkpoints(uploading, run["id"])[-1]
    spoil(bucket, newest)
    shutil.rmtree(folder(uploading, newest))

    answer = uploading.client.post(f"/api/checkpoints/{newest['id']}/fork", json={})

    assert answer.status_code == 409
    assert answer.json()["message"] == (
        "This checkpoint cannot be used: 500 is missing; its copy in object storage: "
        "model.safetensors differs from its checksum. Choose another one."
    ).replace("500", str(newest["step"]))
    assert not folder(uploading, newest).exists()


def spoil(bucket: ObjectStorage, checkpoint: dict[str, Any]) -> None:
    prefix = f"runs/{checkpoint['run_id']}/checkpoints/{checkpoint['step']}-"
    parent, _, start = prefix.rpartition("/")
    key = next(
        key
        for key in bucket.keys_below(parent)
        if key.startswith(f"{parent}/{start}") and key.endswith("model.safetensors")
    )
    size = bucket.size(key)
    assert size is not None
    bucket.delete(key)
    assert bucket.create(key, bytes(size))


@pytest.mark.parametrize("is_spoilt", [False, True])
def test_a_recovery_uses_the_copy_or_else_the_next_older_checkpoint(
    uploading: LiveServer, bucket: ObjectStorage, *, is_spoilt: bool
) -> None:
    run = started(uploading)
    uploading.command(run["id"], "pause")
    uploading.wait_until(all_in_state(uploading, run["id"], "stored"), "all copies are there")
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
    damaged = [
        event["message"]
        for event in uploading.events(run["id"], "warned")
        if "differs from its checksum" in event["message"]
    ]
    assert len(damaged) == is_spoilt
    stop(uploading, run)


def test_a_deleted_checkpoint_leaves_the_storage_its_manifest_first(
    uploading: LiveServer, bucket: ObjectStorage, s3: Proxy
) -> None:
    run = started(uploading)
    stop(uploading, run)
    uploading.wait_until(all_in_state(uploading, run["id"], "stored"), "all copies are there")
    saved = checkpoints(uploading, run["id"])[1]
    place = f"runs/{run['id']}/checkpoints"
    s3.seen.clear()

    answer = uploading.client.delete(f"/api/checkpoints/{saved['id']}", headers=JSON)

    def left() -> list[str]:
        return [key for key in bucket.keys_below(place) if f"/{saved['step']}-" in key]

    assert answer.status_code == 204
    uploading.wait_until(lambda: not left(), "the copy is removed")
    deleted = [path.rpartition("/")[2] for path in s3.deleted()]
    assert deleted[0] == "manifest.json"
    assert len(deleted) == 5
    assert len(bucket.keys_below(place)) == 5 * len(checkpoints(uploading, run["id"]))


def test_verify_brings_back_what_is_gone(
    uploading: LiveServer, bucket: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(uploading)
    stop(uploading, run)
    uploading.wait_until(all_in_state(uploading, run["id"], "stored"), "all copies are there")
    first, second = checkpoints(uploading, run["id"])[:2]
    spoil(bucket, second)
    for item in (first, second):
        shutil.rmtree(folder(uploading, item))
    said: list[str] = []

    monkeypatch.setenv("BABYSIT_STORAGE", ADDRESS)
    settings = Settings(data_dir=uploading.data_dir)
    verify(settings, run["id"], deep=False, report=said.append)

    wrong = [line for line in said if line.startswith("WRONG")]
    assert len(wrong) == 1
    assert wrong[0].endswith(
        f"run {run['id']}, checkpoint {second['step']}: {second['step']} is missing; its copy in "
        "object storage: model.safetensors differs from its checksum"
    )
    assert folder(uploading, first).is_dir()


def test_no_credential_is_written_anywhere(uploading: LiveServer, s3: Proxy) -> None:
    s3.fault = always(says(403, "SignatureDoesNotMatch"))
    run = started(uploading)
    uploading.wait_until(lambda: warnings(uploading, run["id"]), "a warning")
    s3.fault = always(is_cut)
    stop(uploading, run)

    files = [path for path in uploading.data_dir.rglob("*") if path.is_file()]
    for path in [*files, uploading.log]:
        content = path.read_bytes()
        assert KEY_ID.encode() not in content, path
        assert SECRET.encode() not in content, path
    s3.heal()
