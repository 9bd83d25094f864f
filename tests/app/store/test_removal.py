"""Runs that were removed for good stay removed, whenever the server was killed meanwhile."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from app.store.runs import removal
from app.store.runs.create import start_run
from app.store.runs.projection import emit
from app.store.runs.removal import empty_trash, finish_removal
from app.store.runs.runs import find_run, trash_run
from app.store.store import Store
from app.store.tables.runs import RunRow
from babysit.protocol.events import StatusChanged
from babysit.protocol.status import RunStatus
from tests.app.fake_worker import SPIRALS


class Crash(BaseException):
    """The server is killed here."""


@pytest.fixture
def trashed(store: Store, run_id: int) -> int:
    with store.writing() as tx:
        run = find_run(tx.session, run_id)
        emit(tx, run, StatusChanged(step=0, status=RunStatus.STOPPED))
        trash_run(tx, run)
    return run_id


def run_ids(store: Store) -> list[int]:
    with store.reading() as session:
        return list(session.scalars(select(RunRow.id)))


@pytest.mark.parametrize("where", ["before SQL", "before the directory"])
def test_a_crash_while_the_trash_is_emptied_is_made_good_at_the_next_start(
    store: Store, trashed: int, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        if where == "before SQL":
            patched.setattr(removal, "_remove", crash)
        else:
            patched.setattr(shutil, "rmtree", crash)
        with pytest.raises(Crash):
            empty_trash(store)
    assert (store.runs_dir / str(trashed)).exists()

    finish_removal(store)

    assert run_ids(store) == []
    assert not (store.runs_dir / str(trashed)).exists()
    with store.writing() as tx:
        assert start_run(tx, SPIRALS, {}).id == trashed + 1, "no id is used twice"
    finish_removal(store)
    assert run_ids(store) == [trashed + 1]


def test_nothing_else_is_removed(store: Store, trashed: int, tmp_path: Path) -> None:
    with store.writing() as tx:
        other = start_run(tx, SPIRALS, {}).id

    removed = empty_trash(store)

    assert (removed.run_ids, removed.kept) == ([trashed], {})
    assert run_ids(store) == [other]
    assert empty_trash(store).run_ids == []
    assert (tmp_path / "removed.journal").exists()
