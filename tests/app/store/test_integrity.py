"""A database that is damaged, empty, foreign or gone: one clear line, nothing overwritten."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from app.data_dir.rebuild import rebuild
from app.errors import DatabaseCorrupt, UnusableDatabase
from app.settings import Settings
from app.store.curves.curves import read_attempts, series_names
from app.store.engine import Database
from app.store.events import read_events
from app.store.recovery.integrity import is_damage, open_database
from app.store.recovery.reconcile import reconcile
from app.store.runs.create import start_run
from app.store.runs.runs import find_run
from app.store.store import Store
from tests.app.fake_worker import SPIRALS
from tests.app.full_history import DATABASE, babysit, rows

Damage = Callable[[bytearray, random.Random], bytearray]


def zeroed_header(data: bytearray, chance: random.Random) -> bytearray:
    size = chance.choice((16, 100, 4096))
    return bytearray(size) + data[size:]


def garbage_header(data: bytearray, chance: random.Random) -> bytearray:
    return bytearray(chance.randbytes(100)) + data[100:]


def truncated(data: bytearray, chance: random.Random) -> bytearray:
    return data[: chance.randrange(1, len(data) - 4096)]


def no_bytes(data: bytearray, chance: random.Random) -> bytearray:
    return bytearray()


def no_database(data: bytearray, chance: random.Random) -> bytearray:
    return bytearray(chance.randbytes(len(data)))


def garbage_pages(data: bytearray, chance: random.Random) -> bytearray:
    pages = len(data) // 4096
    for page in chance.sample(range(1, pages), max(1, pages // 3)):
        data[page * 4096 : page * 4096 + 4096] = chance.randbytes(4096)
    return data


def zeroed_pages(data: bytearray, chance: random.Random) -> bytearray:
    pages = len(data) // 4096
    for page in chance.sample(range(1, pages), max(1, pages // 3)):
        data[page * 4096 : page * 4096 + 4096] = bytes(4096)
    return data


def flipped_bytes(data: bytearray, chance: random.Random) -> bytearray:
    for _ in range(400):
        data[chance.randrange(100, len(data))] ^= 1 << chance.randrange(8)
    return data


CERTAIN = (zeroed_header, garbage_header, truncated, no_bytes, no_database)
POSSIBLE = (garbage_pages, zeroed_pages, flipped_bytes)
VARIANTS = [(damage, seed) for damage in CERTAIN for seed in range(6)]
VARIANTS += [(damage, seed) for damage in POSSIBLE for seed in range(12)]


@pytest.mark.parametrize(("damage", "seed"), VARIANTS)
def test_a_damaged_database_is_named_in_one_line_and_left_alone(
    lived: Path, tmp_path: Path, damage: Damage, seed: int
) -> None:
    file = tmp_path / DATABASE
    data = bytes(damage(bytearray((lived / DATABASE).read_bytes()), random.Random(seed)))
    file.write_bytes(data)

    refused = told_at_the_start(file, lived / "runs")

    if refused is None:  # damage that the look at the start cannot see shows when it is read
        assert damage in POSSIBLE
        read_all(file, lived / "runs")
        return
    assert "babysit rebuild" in refused
    assert "\n" not in refused
    assert file.read_bytes() == data


def told_at_the_start(file: Path, runs_dir: Path) -> str | None:
    try:
        open_database(f"sqlite:///{file}", runs_dir).close()
    except UnusableDatabase as error:
        return str(error)
    return None


def read_all(file: Path, runs_dir: Path) -> None:
    """Everything a page would ask for; all that may be raised is the word that it is damaged."""
    database = open_database(f"sqlite:///{file}", runs_dir)
    try:
        with database.reading() as session:
            read_events(session, None, limit=10_000)
            for run_id in range(1, 4):
                read_attempts(session, run_id, series_names(session, [run_id]))
    except DatabaseCorrupt:
        pass
    except DBAPIError as error:
        if not is_damage(error):
            raise
    finally:
        database.close()


@pytest.mark.parametrize("case", ["truncated", "future", "foreign", "gone"])
def test_a_server_says_in_one_line_that_rebuild_helps(
    lived: Path, tmp_path: Path, case: str
) -> None:
    folder = tmp_path / "var"
    shutil.copytree(lived, folder)
    file = folder / DATABASE
    match case:
        case "truncated":
            file.write_bytes(file.read_bytes()[:10_000])
        case "future":
            with sqlite3.connect(file) as connection:
                connection.execute("UPDATE alembic_version SET version_num = '9999'")
            connection.close()
        case "foreign":
            file.unlink()
            with sqlite3.connect(file) as connection:
                connection.execute("CREATE TABLE pandas (name TEXT)")
            connection.close()
        case "gone":
            file.unlink()
    before = file.read_bytes() if file.exists() else None

    started = babysit("serve", "--port", "0", "--data-dir", str(folder))
    said: list[str] = []
    code = rebuild(Settings(data_dir=folder), said.append)

    assert started.returncode == 1
    noticed, error = started.stderr.splitlines()
    assert noticed.startswith("WARNING")
    assert "was copied" in noticed
    assert "babysit rebuild" in error
    assert code == 0, said
    kept = folder.glob(f"{DATABASE}.old-*Z")
    assert [path.read_bytes() for path in kept] == ([] if before is None else [before])
    open_database(f"sqlite:///{file}", folder / "runs").close()


@pytest.mark.parametrize("parts", [("",), ("", "-wal", "-shm")])
def test_a_database_that_is_deleted_while_it_is_open_is_written_again(
    parts: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "test.sqlite"
    database = Database(f"sqlite:///{file}")
    database.migrate()
    store = Store(database, tmp_path / "runs")
    store.runs_dir.mkdir()
    with store.writing() as tx:
        run_id = start_run(tx, SPIRALS, {}).id
    with store.reading() as before:
        assert find_run(before, run_id).id == run_id
        for part in parts:
            Path(f"{file}{part}").unlink()

        reconcile(store)

    assert not database.is_replaced()
    with store.writing() as tx:
        assert start_run(tx, SPIRALS, {}).id == run_id + 1
    store.close()
    assert len(rows(file)["runs"]) == 2


def test_a_database_that_is_replaced_while_it_is_open_is_kept_and_told(tmp_path: Path) -> None:
    file = tmp_path / "test.sqlite"
    database = Database(f"sqlite:///{file}")
    database.migrate()
    store = Store(database, tmp_path / "runs")
    other = tmp_path / "other"
    other.write_bytes(b"of somebody else")
    other.rename(file)

    reconcile(store)

    assert file.read_bytes() == b"of somebody else"
    assert "babysit rebuild" in database.warnings()[0]
    store.close()
