"""What the upload loop finds to do after a start, and what it leaves alone."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.store.engine import Database
from app.store.runs.create import start_run
from app.store.runs.projection import emit
from app.store.runs.removal import empty_trash
from app.store.runs.runs import find_run
from app.store.store import Store
from app.store.tables.runs import CheckpointRow
from app.supervisor.uploads.loop import UploadLoop
from app.uploads.uploads import OTHERS_PLACE, Uploads
from babysit.protocol.events import CheckpointRemoved, CheckpointSaved, StatusChanged, Trashed
from babysit.protocol.spec.run_spec import checkpoint_id
from babysit.protocol.status import RunStatus
from babysit.storage.manifest import FILES, MANIFEST
from tests.app.fake_worker import SPIRALS
from tests.app.waiting import eventually

COPIED = "the copies are as they should be"


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    """A store on SQLite with one run."""
    database = Database(f"sqlite:///{tmp_path / 'test.sqlite'}")
    database.migrate()
    store = Store(database, tmp_path / "runs")
    store.runs_dir.mkdir()
    with store.writing() as tx:
        start_run(tx, SPIRALS, {})
    yield store
    store.close()


class Server:
    """What of a server makes copies, on the folder `bucket` as its object storage."""

    def __init__(self, store: Store, bucket: Path) -> None:
        self.store, self.bucket = store, bucket
        self.uploads = Uploads(f"file://{bucket}", store.runs_dir.parent)
        self.loop = UploadLoop(store, self.uploads)
        store.publish = self.loop.on_commit

    def stored(self) -> set[str]:
        """The checkpoints whose copies are complete."""
        manifests = self.bucket.glob(f"runs/*/checkpoints/*/{MANIFEST}")
        return {path.parent.name.partition("-")[0] for path in manifests}


@pytest.fixture
def start(kept: Store, tmp_path: Path) -> Iterator[Callable[[], Server]]:
    servers: list[Server] = []

    def started() -> Server:
        for server in servers:
            server.loop.close()
        servers.append(Server(kept, tmp_path / "bucket"))
        servers[-1].loop.start()
        return servers[-1]

    yield started
    for server in servers:
        server.loop.close()


def save(store: Store, step: int) -> int:
    """Write a checkpoint of run 1 and announce it; its id."""
    directory = store.runs_dir / "1/checkpoints" / str(step)
    directory.mkdir(parents=True)
    contents = {name: os.urandom(100) for name in FILES}
    contents["state.json"] = json.dumps(
        {"values": {"momentum": 0.5}, "optimizer_values": {}, "last_command_id": step}
    ).encode()
    for name, content in contents.items():
        (directory / name).write_bytes(content)
    files = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in contents.items()
    }
    state = uuid.uuid4().hex * 2
    (directory / MANIFEST).write_text(
        json.dumps({"format": 1, "state_sha256": state, "files": files})
    )
    ident = checkpoint_id(1, step)
    saved = CheckpointSaved(
        step=step,
        checkpoint_id=ident,
        directory=str(step),
        cause="user",
        val_cost=None,
        bytes=sum(len(content) for content in contents.values()),
        weights_sha256=state,
        state_sha256=state,
    )
    with store.writing() as tx:
        emit(tx, find_run(tx.session, 1), saved)
    return ident


def say_removed(store: Store, ident: int) -> None:
    with store.writing() as tx:
        emit(tx, find_run(tx.session, 1), CheckpointRemoved(step=0, checkpoint_id=ident))


def test_what_was_saved_and_removed_while_no_server_ran_is_done_by_the_next(
    kept: Store, start: Callable[[], Server]
) -> None:
    first = save(kept, 1)
    server = start()
    eventually(lambda: server.stored() == {"1"}, COPIED)
    server.loop.close()
    kept.publish = lambda committed: None
    save(kept, 2)
    say_removed(kept, first)

    again = start()

    eventually(lambda: again.stored() == {"2"}, COPIED)
    eventually(
        lambda: len(list(again.bucket.glob("runs/1/checkpoints/*/*"))) == len(FILES) + 1, COPIED
    )


def test_announced_while_it_runs_it_is_copied_at_once(
    kept: Store, start: Callable[[], Server]
) -> None:
    server = start()
    one, two = save(kept, 1), save(kept, 2)
    eventually(lambda: server.stored() == {"1", "2"}, COPIED)

    say_removed(kept, one)

    eventually(lambda: server.stored() == {"2"}, COPIED)
    eventually(lambda: server.uploads.state_of(two).state == "stored", COPIED)
    record = server.uploads.find(two)
    assert record is not None
    assert record.state == {"values": {"momentum": 0.5}, "effective": {}, "last_command_id": 2}


def test_without_records_and_files_the_copies_are_found_in_the_storage(
    kept: Store, start: Callable[[], Server], tmp_path: Path
) -> None:
    ident = save(kept, 1)
    server = start()
    eventually(lambda: server.uploads.is_stored(ident), COPIED)
    owner = (tmp_path / "uploads/owner.json").read_bytes()
    shutil.rmtree(tmp_path / "uploads")
    shutil.rmtree(kept.runs_dir / "1/checkpoints/1")
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads/owner.json").write_bytes(owner)

    again = start()

    eventually(lambda: again.uploads.is_stored(ident), COPIED)
    record = again.uploads.find(ident)
    assert record is not None
    assert record.state["values"] == {"momentum": 0.5}


def test_a_checkpoint_that_is_gone_and_nowhere_else_is_said_to_fail(
    kept: Store, start: Callable[[], Server]
) -> None:
    ident = save(kept, 1)
    shutil.rmtree(kept.runs_dir / "1/checkpoints/1")

    server = start()

    eventually(lambda: server.uploads.state_of(ident).state == "failed", COPIED)
    assert server.uploads.state_of(ident).message == "it cannot be copied: 1 is missing"


def test_the_place_of_another_data_directory_is_left_alone(
    kept: Store, start: Callable[[], Server], tmp_path: Path
) -> None:
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket/owner").write_text("somebody else")
    ident = save(kept, 1)

    server = start()

    eventually(lambda: server.uploads.state_of(ident).message == OTHERS_PLACE, COPIED)
    assert [path.name for path in server.bucket.rglob("*")] == ["owner"]


def test_a_run_that_is_removed_for_good_takes_its_copies_with_it(
    kept: Store, start: Callable[[], Server], tmp_path: Path
) -> None:
    save(kept, 1)
    server = start()
    eventually(lambda: server.stored() == {"1"}, COPIED)
    with kept.writing() as tx:
        run = find_run(tx.session, 1)
        emit(tx, run, StatusChanged(step=1, status=RunStatus.STOPPED))
        emit(tx, run, Trashed(step=1))

    assert empty_trash(kept).run_ids == [1]
    kept.removed.clear()  # as after a restart
    again = start()

    eventually(lambda: [path.name for path in again.bucket.rglob("*")] == ["owner"], COPIED)
    eventually(lambda: again.uploads.records.all() == [], COPIED)


def test_copies_of_a_run_that_the_database_does_not_know_stay(
    kept: Store, start: Callable[[], Server]
) -> None:
    ident = save(kept, 1)
    server = start()
    eventually(lambda: server.uploads.is_stored(ident), COPIED)
    with kept.writing() as tx:
        tx.session.delete(tx.session.get_one(CheckpointRow, ident))

    server.uploads.add([ident])
    other = save(kept, 2)
    server.uploads.add([ident])
    server.loop.loop.wake()

    eventually(lambda: server.uploads.is_stored(other) and not server.uploads.waiting(), COPIED)
    assert server.stored() == {"1", "2"}
