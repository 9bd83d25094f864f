"""One contract for both: a run whose directory is here, and one whose directory is elsewhere."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from babysit.protocol.events import CheckpointRemoved, CheckpointSaved
from babysit.protocol.heartbeat import read_heartbeat
from babysit.storage.journal import JournalReader, encode_event, frame
from babysit.storage.manifest import MANIFEST, STATE, check_manifest
from babysit.storage.runs.local import LocalRunStorage
from babysit.storage.runs.storage import (
    AttemptOver,
    CheckpointConflict,
    OffsetMismatch,
    RunStorage,
    UnknownName,
)
from tests.app.fake_worker import FakeWorker
from tests.app.remote.served import Served, checkpoint_files, manifest_of, served

EVENT = frame(1, encode_event({"kind": "warned", "step": 1, "message": "x"}))
OUTSIDE = ("..", "../1", "1/2", "/etc", "", "1-", "x", "1%2f..", ".5.part")

Open = Callable[[int], RunStorage]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("served") / "var") as made:
        yield made


@pytest.fixture
def run_id(server: Served) -> int:
    return server.new_run()


@pytest.fixture
def directory(server: Served, run_id: int) -> Path:
    return server.directory(run_id)


@pytest.fixture(params=["local", "remote"])
def opened(
    request: pytest.FixtureRequest, server: Served, run_id: int, directory: Path
) -> Iterator[Open]:
    """The storage of an attempt of the run."""
    if request.param == "local":
        yield lambda attempt: LocalRunStorage(directory, attempt)
    else:
        yield lambda attempt: server.storage(run_id, attempt)
        server.close_connections()


@pytest.fixture
def storage(opened: Open) -> RunStorage:
    return opened(1)


def checkpoint(storage: RunStorage, folder: Path, name: str, content: bytes = b"weights") -> bytes:
    """Write a whole checkpoint; its manifest."""
    for file, data in checkpoint_files(folder, content).items():
        storage.append_checkpoint(name, file, 0, data)
    manifest = json.dumps(manifest_of(folder)).encode()
    storage.finish_checkpoint(name, manifest)
    return manifest


def saved(run_id: int, ordinal: int, name: str, directory: Path) -> CheckpointSaved:
    size = sum((directory / "checkpoints" / name / file).stat().st_size for file in manifest_names)
    return CheckpointSaved(
        step=int(name),
        checkpoint_id=run_id * 1_000_000 + ordinal,
        directory=name,
        cause="timer",
        val_cost=None,
        bytes=size,
        weights_sha256="",
        state_sha256="0" * 64,
    )


manifest_names = ("model.safetensors", "optimizer.safetensors", "random.safetensors", STATE)


# ---- journal, log, commands --------------------------------------------------------------------


def test_journal_bytes_are_kept_in_order(storage: RunStorage, directory: Path) -> None:
    storage.append_journal(0, EVENT[:10])
    storage.append_journal(10, EVENT[10:])

    assert (directory / "attempt-0001.journal").read_bytes() == EVENT


@pytest.mark.parametrize("offset", [0, 5, len(EVENT) + 1])
def test_bytes_that_do_not_follow_are_refused_with_the_length(
    storage: RunStorage, directory: Path, offset: int
) -> None:
    storage.append_journal(0, EVENT)

    with pytest.raises(OffsetMismatch) as refused:
        storage.append_journal(offset, EVENT)

    assert refused.value.length == len(EVENT)
    assert (directory / "attempt-0001.journal").read_bytes() == EVENT


def test_a_torn_record_is_cut_off_before_more_is_added(opened: Open, directory: Path) -> None:
    (directory / "attempt-0001.journal").write_bytes(EVENT + EVENT[:9] + bytes(30))

    storage = opened(1)

    storage.begin()
    assert (directory / "attempt-0001.journal").stat().st_size == len(EVENT)
    assert len(JournalReader(directory / "attempt-0001.journal").read()) == 1


def test_commands_are_read_from_an_offset(storage: RunStorage, directory: Path) -> None:
    (directory / "server.journal").write_bytes(b"0123456789")

    assert storage.read_commands(0) == b"0123456789"
    assert storage.read_commands(7) == b"789"
    assert storage.read_commands(10) == b""


def test_the_log_goes_on_where_an_earlier_attempt_left_it(opened: Open, directory: Path) -> None:
    (directory / "worker.log").write_text("first\n")
    storage = opened(2)

    storage.append_log(storage.begin().log_bytes, b"second\n")

    assert (directory / "worker.log").read_text() == "first\nsecond\n"
    with pytest.raises(OffsetMismatch):
        storage.append_log(0, b"again")


def test_the_heartbeat_is_the_newest_one(storage: RunStorage, directory: Path) -> None:
    for iterations in (1, 7):
        assert storage.write_heartbeat(struct.pack("<qqq", iterations, 3, 0)) == []

    beat = read_heartbeat(directory, 1)
    assert beat is not None
    assert (beat.iterations, beat.step) == (7, 3)


def test_only_known_artifacts_are_kept(storage: RunStorage, directory: Path) -> None:
    storage.write_artifact("picture.json", b"{}")

    assert (directory / "picture.json").read_bytes() == b"{}"
    for name in ("run.json", "server.journal", "../1/run.json", "attempt-0001.journal"):
        with pytest.raises(UnknownName):
            storage.write_artifact(name, b"")


# ---- checkpoints -------------------------------------------------------------------------------


def test_a_checkpoint_is_there_whole_or_not_at_all(
    storage: RunStorage, directory: Path, tmp_path: Path
) -> None:
    files = checkpoint_files(tmp_path / "made")
    for file, data in files.items():
        storage.append_checkpoint("5", file, 0, data[:4])
    assert not (directory / "checkpoints" / "5").exists()
    assert storage.checkpoint_bytes("5") == {**dict.fromkeys(files, 4), "extra.safetensors": 0}

    for file, data in files.items():
        storage.append_checkpoint("5", file, 4, data[4:])
    storage.finish_checkpoint("5", json.dumps(manifest_of(tmp_path / "made")).encode())

    check_manifest(directory / "checkpoints" / "5")
    assert storage.checkpoint_bytes("5") is None
    assert [path.name for path in (directory / "checkpoints").iterdir()] == ["5"]


def test_a_complete_checkpoint_is_never_replaced(
    storage: RunStorage, directory: Path, tmp_path: Path
) -> None:
    manifest = checkpoint(storage, tmp_path / "made", "5")

    storage.finish_checkpoint("5", manifest)  # the answer was lost
    with pytest.raises(CheckpointConflict):
        storage.append_checkpoint("5", STATE, 0, b"other")
    with pytest.raises(CheckpointConflict):
        storage.finish_checkpoint("5", manifest + b" ")

    assert (directory / "checkpoints" / "5" / MANIFEST).read_bytes() == manifest


def test_files_that_differ_from_the_manifest_are_not_kept(
    storage: RunStorage, directory: Path, tmp_path: Path
) -> None:
    files = checkpoint_files(tmp_path / "made")
    for file, data in files.items():
        storage.append_checkpoint("5", file, 0, data[:-1] + b"x")

    with pytest.raises(CheckpointConflict):
        storage.finish_checkpoint("5", json.dumps(manifest_of(tmp_path / "made")).encode())

    assert list((directory / "checkpoints").iterdir()) == []
    assert storage.checkpoint_bytes("5") == dict.fromkeys([*files, "extra.safetensors"], 0)


def test_a_checkpoint_can_be_removed(storage: RunStorage, directory: Path, tmp_path: Path) -> None:
    checkpoint(storage, tmp_path / "made", "5-2")

    storage.remove_checkpoint("5-2")
    storage.remove_checkpoint("5-2")

    assert list((directory / "checkpoints").iterdir()) == []


@pytest.mark.parametrize("name", OUTSIDE)
def test_no_name_leads_out_of_the_checkpoints(
    storage: RunStorage, directory: Path, name: str
) -> None:
    before = sorted(path.name for path in directory.parent.rglob("*"))
    acts: list[Callable[[], object]] = [
        lambda: storage.append_checkpoint(name, STATE, 0, b"x"),
        lambda: storage.append_checkpoint("5", name, 0, b"x"),
        lambda: storage.finish_checkpoint(name, b"{}"),
        lambda: storage.remove_checkpoint(name),
        lambda: storage.checkpoint_bytes(name),
    ]
    for act in acts:
        with pytest.raises(UnknownName):
            act()

    assert sorted(path.name for path in directory.parent.rglob("*")) == before


# ---- the beginning and the end -----------------------------------------------------------------


def test_an_attempt_finds_its_run_and_what_earlier_attempts_left(
    opened: Open, run_id: int, directory: Path, tmp_path: Path
) -> None:
    first = LocalRunStorage(directory, 1)
    for number, name in enumerate(("5", "6", "7"), 1):
        checkpoint(first, tmp_path / name, name, content=b"w" * number)
    worker = FakeWorker(directory)
    for number, name in enumerate(("5", "6"), 1):
        worker.emit(saved(run_id, number, name, directory))
    worker.close()

    storage = opened(2)
    beginning = storage.begin()

    assert beginning.checkpoints == ["5", "6"]  # the third was never announced
    assert not (directory / "checkpoints" / "7").exists()
    found = {item.path: item.bytes for item in beginning.inputs}
    assert found.keys() == {
        f"runs/{run_id}/{name}"
        for name in (
            "run.json",
            "attempt-0001.journal",
            *(f"checkpoints/6/{file}" for file in (*manifest_names, MANIFEST)),
        )
    }
    for path, size in found.items():
        content = (directory.parent.parent / path).read_bytes()
        assert len(content) == size
        assert storage.read_input(path, 0) == content
        assert storage.read_input(path, 3) == content[3:]


def test_a_damaged_checkpoint_is_not_what_an_attempt_begins_from(
    opened: Open, run_id: int, directory: Path, tmp_path: Path
) -> None:
    first = LocalRunStorage(directory, 1)
    worker = FakeWorker(directory)
    for number, name in enumerate(("5", "6", "7"), 1):
        checkpoint(first, tmp_path / name, name, content=b"w" * number)
        worker.emit(saved(run_id, number, name, directory))
    worker.emit(CheckpointRemoved(step=7, checkpoint_id=run_id * 1_000_000 + 3))
    worker.close()
    (directory / "checkpoints" / "6" / STATE).write_bytes(b"{}")

    paths = [item.path for item in opened(2).begin().inputs]

    assert f"runs/{run_id}/checkpoints/5/{MANIFEST}" in paths
    assert not any("checkpoints/6" in path or "checkpoints/7" in path for path in paths)


@pytest.mark.parametrize("path", ["token", "runs/1/server.journal", "../x", "runs/2/run.json", ""])
def test_nothing_else_of_the_data_directory_can_be_read(storage: RunStorage, path: str) -> None:
    with pytest.raises(UnknownName):
        storage.read_input(path, 0)


def test_nothing_is_written_after_the_end(
    storage: RunStorage, directory: Path, tmp_path: Path
) -> None:
    storage.append_journal(0, EVENT)
    storage.end({"pid": 1, "status": -9, "signal": 9, "peak_bytes": 0})
    ended = json.loads((directory / "exit-0001.json").read_text())
    assert (ended["attempt"], ended["signal"]) == (1, 9)
    before = {path: path.stat().st_mtime_ns for path in directory.rglob("*")}

    acts: list[Callable[[], object]] = [
        storage.begin,
        lambda: storage.append_journal(len(EVENT), EVENT),
        lambda: storage.append_log(0, b"x"),
        lambda: storage.read_commands(0),
        lambda: storage.write_heartbeat(bytes(24)),
        lambda: storage.write_artifact("picture.json", b"{}"),
        lambda: storage.append_checkpoint("5", STATE, 0, b"x"),
        lambda: storage.finish_checkpoint("5", b"{}"),
        lambda: storage.remove_checkpoint("5"),
        lambda: storage.end({"status": 0}),
    ]
    for act in acts:
        with pytest.raises(AttemptOver):
            act()

    assert {path: path.stat().st_mtime_ns for path in directory.rglob("*")} == before
