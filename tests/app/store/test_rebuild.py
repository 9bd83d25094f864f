"""The database is derived: deleted, it comes back from the directories of the runs, row by row."""

from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from app.data_dir.rebuild import rebuild
from app.errors import CannotRebuild
from app.settings import Settings
from app.store.engine import Database
from app.store.runs.commands import send_command
from app.store.runs.create import start_run
from app.store.store import Store
from app.supervisor.ingest import Ingest
from babysit.protocol.commands import Extend
from babysit.protocol.events import StatusChanged
from babysit.protocol.status import RunStatus
from tests.app.fake_worker import DECLARED, SPIRALS, FakeWorker
from tests.app.full_history import DATABASE, answers, babysit, post, rows
from tests.app.sse_client import stream
from tests.conftest import Serve
from tests.live_server import LiveServer


@pytest.fixture
def copied(lived: Path, tmp_path: Path) -> Path:
    """A data directory of its own, with all that ever happened."""
    shutil.copytree(lived, tmp_path / "var")
    return tmp_path / "var"


def rebuilt(data_dir: Path, url: str | None = None) -> tuple[int, str]:
    said: list[str] = []
    code = rebuild(Settings(data_dir=data_dir, database_url=url), said.append)
    return code, "\n".join(said)


def test_a_deleted_database_comes_back_row_by_row_and_the_api_says_the_same(
    serve: Serve, lived: Path, copied: Path
) -> None:
    before = rows(copied / DATABASE)
    remembered = json.loads((lived.parent / "said.json").read_text())
    ids, said = remembered["ids"], remembered["answers"]
    (copied / DATABASE).unlink()

    made = babysit("rebuild", "--data-dir", str(copied))

    assert made.returncode == 0, made.stdout + made.stderr
    found = rows(copied / DATABASE)
    for table, expected in before.items():
        assert found[table] == expected, table
        # Only long runs have summaries; `test_summaries.py` rebuilds those of one.
        is_short = table == "curve_summaries"
        assert expected or is_short, f"{table} is empty: nothing was compared"
    with serve(copied, "--no-demo") as server:
        assert answers(server, list(ids.values())) == said
        again = post(server, "runs", key="a key", task="spirals", steps=40)
        assert again["id"] == ids["trashed"]
        assert_streams_go_on(server, ids["grown"], said)


def assert_streams_go_on(server: LiveServer, run_id: int, said: dict[str, Any]) -> None:
    """Who heard an event goes on behind it; who heard what nobody knows any more begins anew."""
    events = said[f"/api/runs/{run_id}/events?limit=5000"]["events"]
    received = events[len(events) // 2]
    rest = [event for event in events if event["id"] > received["id"]]
    lists = [known["events"] for path, known in said.items() if "/events?" in path]
    newest = max(event["id"] for events_of_run in lists for event in events_of_run)
    post(server, f"runs/{run_id}/notes", text="after the rebuild")

    with stream(server, runs=run_id, last_event_id=str(received["id"])) as messages:
        told = [next(messages).data for _ in range(2 + len(rest))][1:]
    assert told[:-1] == rest
    assert told[-1]["text"] == "after the rebuild"
    for unknown in (newest + 1, newest + 1000):  # perhaps told, and lost before it was written
        with stream(server, runs=run_id, last_event_id=str(unknown)) as messages:
            assert [next(messages).event, next(messages).event] == ["run", "reset"]


def test_postgresql_gets_the_same_rows(copied: Path, fresh_postgres_url: str) -> None:
    code, _ = rebuilt(copied, fresh_postgres_url)

    assert code == 0
    before = rows(copied / DATABASE)
    engine = create_engine(fresh_postgres_url)
    with engine.connect() as connection:
        for table, expected in before.items():
            selected = connection.execute(text(f'SELECT * FROM "{table}"'))
            found = [tuple(map(plainly, row)) for row in selected]
            assert sorted(found, key=repr) == expected, table
    engine.dispose()
    with pytest.raises(CannotRebuild, match="not empty"):
        rebuilt(copied, fresh_postgres_url)


def plainly(value: Any) -> Any:
    """SQLite has no booleans, and its bytes are bytes."""
    if isinstance(value, bool):
        return int(value)
    return bytes(value) if isinstance(value, memoryview) else value


def test_waiting_running_and_lost_runs_come_back_as_they_were(
    store: Store, database_url: str, tmp_path: Path
) -> None:
    with store.writing() as tx:
        waiting, running, lost = (
            start_run(tx, SPIRALS, {"name": name}).id for name in ("waiting", "running", "lost")
        )
        send_command(tx, waiting, Extend(steps=5), DECLARED)
    workers = []
    for run_id in (running, lost):
        with store.writing() as tx:
            run = tx.session.get_one(store_run(), run_id)
            run.attempt += 1
            say_status(tx, run, RunStatus.STARTING)
        workers.append(FakeWorker(store.runs_dir / str(run_id)))
        workers[-1].record(1, [0.5, float("nan"), -0.0, 5e-324] * 200)
        Ingest(store).read_to_end(run_id, 1)
    with store.writing() as tx:
        run = tx.session.get_one(store_run(), lost)
        run.attempt += 1
        say_status(tx, run, RunStatus.STARTING)
        say_status(tx, run, RunStatus.LOST)
    before = every_row(store.database)
    for worker in workers:
        worker.close()

    fresh = f"sqlite:///{tmp_path / 'fresh.sqlite'}"
    code, said = rebuilt(tmp_path, fresh)

    assert (code, "new ids" in said) == (0, False)
    database = Database(fresh)
    assert every_row(database) == before
    database.close()


def store_run() -> Any:
    from app.store.tables.runs import RunRow

    return RunRow


def say_status(tx: Any, run: Any, status: RunStatus) -> None:
    from app.store.runs.projection import emit

    emit(tx, run, StatusChanged(step=run.step, status=status))


def every_row(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    from app.store.tables.runs import Table

    with database.reader.connect() as connection:
        return {
            table.name: sorted(
                (
                    tuple(map(plainly, row))
                    for row in connection.execute(text(f'SELECT * FROM "{table.name}"'))
                ),
                key=repr,
            )
            for table in Table.metadata.sorted_tables
            if table.name != "sessions"
        }


def test_without_the_order_everything_is_there_under_new_ids(copied: Path) -> None:
    before = rows(copied / DATABASE)
    newest = max(row[0] for row in before["events"])
    (copied / "order.journal").unlink()

    code, said = rebuilt(copied)

    found = rows(copied / DATABASE)
    assert (code, "new ids" in said) == (0, True)
    assert sorted(row[1:] for row in found["events"]) == sorted(row[1:] for row in before["events"])
    assert min(row[0] for row in found["events"]) > newest + 1_000_000
    by_place = sorted(found["events"], key=lambda row: row[1:4])  # run, attempt, seq
    for earlier, later in itertools.pairwise(by_place):
        assert earlier[1:3] != later[1:3] or earlier[0] < later[0]
    for table in ("checkpoints", "commands", "curve_chunks", "journal_cursors"):
        assert found[table] == before[table]


def test_damage_is_told_and_the_rest_is_rebuilt(copied: Path) -> None:
    before = rows(copied / DATABASE)
    journal = copied / "runs" / "1" / "attempt-0001.journal"
    data = bytearray(journal.read_bytes())
    data[len(data) // 2] ^= 0xFF
    journal.write_bytes(data)
    (copied / "runs" / "3" / "run.json").write_text("{")

    code, said = rebuilt(copied)

    assert code == 1
    assert "Not rebuilt: run 1, attempt-0001.journal" in said
    assert "Not rebuilt: run 3, run.json" in said
    found = rows(copied / DATABASE)
    assert {row[0] for row in found["runs"]} == {row[0] for row in before["runs"]} - {3}
    assert list(copied.glob(f"{DATABASE}.old-*"))


def test_a_running_server_keeps_its_database(shared: LiveServer, ended: dict[str, Any]) -> None:
    refused = babysit("rebuild", "--data-dir", str(shared.data_dir))

    assert refused.returncode == 1
    assert f"process {shared.process.pid}" in refused.stderr
    assert not list(shared.data_dir.glob("*.old-*"))
    assert shared.run(ended["id"])["status"] == "finished"
