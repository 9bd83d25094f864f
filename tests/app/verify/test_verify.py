"""`babysit verify` finds what was planted, names it, and finds nothing where nothing is wrong."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.data_dir.rebuild import rebuild
from app.settings import Settings
from app.store.curves.chunks import Curve, pack, unpack
from app.verify.runner import CHECKS, verify
from babysit.storage.journal import (
    Frame,
    JournalReader,
    JournalWriter,
    Points,
    encode_event,
    encode_points,
)
from tests.app.full_history import DATABASE, babysit
from tests.live_server import LiveServer


@pytest.fixture
def copied(lived: Path, tmp_path: Path) -> Path:
    """A data directory of its own, with all that ever happened."""
    shutil.copytree(lived, tmp_path / "var")
    return tmp_path / "var"


def verified(data_dir: Path, run_id: int | None = None, *, deep: bool = False) -> dict[str, str]:
    """What `verify` says, by check."""
    said: list[str] = []
    code = verify(Settings(data_dir=data_dir), run_id, deep=deep, report=said.append)
    lines = {line.split()[1]: line for line in said}
    assert len(lines) == len(said), "one line for each check"
    assert code == any(line.startswith("WRONG") for line in said)
    return lines


# ---- what is planted: a place in a copied data directory, and what is done to it --------------


def journal(folder: Path, run_id: int = 1, attempt: int = 1) -> Path:
    return folder / "runs" / str(run_id) / f"attempt-{attempt:04d}.journal"


def flip(path: Path, where: float) -> None:
    data = bytearray(path.read_bytes())
    data[int((len(data) - 1) * where)] ^= 1
    path.write_bytes(data)


def sql(folder: Path, statement: str, *values: Any) -> None:
    with sqlite3.connect(folder / DATABASE) as connection:
        assert connection.execute(statement, values).rowcount > 0
    connection.close()


def value(folder: Path, query: str) -> Any:
    connection = sqlite3.connect(folder / DATABASE)
    found = connection.execute(query).fetchone()[0]
    connection.close()
    return found


def saved(folder: Path) -> list[Path]:
    """The checkpoints of the first run that are there."""
    return sorted(path for path in (folder / "runs/1/checkpoints").iterdir() if path.is_dir())


def exchange(one: Path, other: Path) -> None:
    beside = one.with_name("beside")
    one.rename(beside)
    other.rename(one)
    beside.rename(other)


def rewrite(folder: Path, change: Callable[[Any], Any]) -> None:
    """Write a worker's journal anew, whole and with right checksums, and rebuild SQL from it."""
    path = journal(folder)
    reader, bodies = JournalReader(path), list[Any]()
    while records := reader.read():
        bodies += [change(record.body) for record in records if isinstance(record, Frame)]
    path.unlink()
    writer = JournalWriter(path)
    for body in bodies:
        writer.append([encode_points(body) if isinstance(body, Points) else encode_event(body)])
    writer.close()
    rebuild(Settings(data_dir=folder), lambda line: None)


def one_bit_of_a_curve(folder: Path) -> None:
    where = "series = 'train/cost' AND run_id = 1 AND attempt = 1"
    curve = unpack(value(folder, f"SELECT data FROM curve_chunks WHERE {where}"))
    values = curve.values.copy()
    values.view("<i8")[3] ^= 1
    sql(folder, f"UPDATE curve_chunks SET data = ? WHERE {where}", pack(Curve(curve.steps, values)))


def redraw(folder: Path) -> None:
    path = folder / "runs" / value(folder, "SELECT CAST(max(run_id) AS TEXT) FROM trials")
    asked = json.loads((path / "run.json").read_text())
    asked["values"]["momentum"] = 0.123
    (path / "run.json").write_text(json.dumps(asked))


def next_best_cost(folder: Path) -> None:
    best = value(folder, "SELECT best_val_cost FROM runs WHERE id = 1")
    sql(folder, "UPDATE runs SET best_val_cost = ? WHERE id = 1", math.nextafter(best, 9.0))


def twice_changed(folder: Path) -> None:
    """The answer to a command comes a second time, in place of another event."""
    last: dict[str, Any] = {}

    def change(body: Any) -> Any:
        if isinstance(body, dict) and body["kind"] == "changed":
            last.update(body)
        return last if last and isinstance(body, dict) and body["kind"] == "applied" else body

    rewrite(folder, change)


def no_checkpoint(folder: Path) -> None:
    for path in saved(folder):
        shutil.rmtree(path)


def untrue_reading(folder: Path) -> None:
    def change(body: Any) -> Any:
        if isinstance(body, dict) and "learning_rate" in body.get("after", {}):
            return {**body, "after": {**body["after"], "learning_rate": 0.0203}}
        return body

    rewrite(folder, change)


def step_of_nobody(folder: Path) -> None:
    def change(body: Any) -> Any:
        if isinstance(body, Points) and "train/cost" in body.names:
            return Points(body.names, body.steps + 7, body.values)
        return body

    rewrite(folder, change)


def backwards(folder: Path) -> None:
    """The answers to two commands say that the later one came first."""

    def change(body: Any) -> Any:
        later = isinstance(body, dict) and body["kind"] == "applied"
        return {**body, "step": 0} if later else body

    rewrite(folder, change)


def illegal_move(folder: Path) -> None:
    where = "kind = 'status_changed' AND attempt = 0 AND seq = 2 AND run_id = 1"
    body = json.loads(value(folder, f"SELECT body FROM events WHERE {where}"))
    sql(
        folder,
        f"UPDATE events SET body = ? WHERE {where}",
        json.dumps({**body, "status": "paused"}),
    )


PLANTED: dict[str, tuple[str, str, Callable[[Path], Any]]] = {
    "a byte in the middle of a journal": (
        "M1",
        "run 1, attempt-0001.journal",
        lambda folder: flip(journal(folder), 0.5),
    ),
    "a byte in the last record": (
        "M1",
        "run 1, attempt-0001.journal: SQL has read up to record",
        lambda folder: flip(journal(folder), 1.0),
    ),
    "a byte of the server's journal": (
        "M1",
        "run 1, server.journal",
        lambda folder: flip(folder / "runs/1/server.journal", 0.5),
    ),
    "a journal that is gone": (
        "M1",
        "run 2: attempt-0001.journal is missing",
        lambda folder: journal(folder, 2).unlink(),
    ),
    "a journal that is cut off": (
        "M1",
        "run 1, attempt-0001.journal: SQL has read up to record",
        lambda folder: journal(folder).write_bytes(journal(folder).read_bytes()[:-200]),
    ),
    "one value of SQL, by one bit": ("M3", "runs 1: best_val_cost", next_best_cost),
    "one value of a curve, by one bit": ("M3", "curve_chunks 1/train/cost/0", one_bit_of_a_curve),
    "an event that is gone": (
        "M3",
        "run 1: events 1/1 is missing in SQL",
        lambda folder: sql(folder, "DELETE FROM events WHERE run_id = 1 AND attempt = seq"),
    ),
    "a piece of a curve that is gone": (
        "M3",
        "curve_chunks 1/momentum/0 is missing",
        lambda folder: sql(folder, "DELETE FROM curve_chunks WHERE series = 'momentum'"),
    ),
    "an event that nobody wrote": (
        "M3",
        "SQL has events 0/999",
        lambda folder: sql(
            folder,
            "INSERT INTO events (run_id, attempt, seq, step, kind, at, body) "
            "SELECT run_id, attempt, 999, step, kind, at, body FROM events WHERE id = 1",
        ),
    ),
    "a name that nobody gave": (
        "M3",
        "runs 1: name is 'third name', the journals say 'second name'",
        lambda folder: sql(folder, "UPDATE runs SET name = 'third name' WHERE id = 1"),
    ),
    "an order that is damaged": (
        "M5",
        "order.journal",
        lambda folder: flip(folder / "order.journal", 0.5),
    ),
    "steps that were not made": ("M6", "run 1, attempt 1", step_of_nobody),
    "a command that waits for ever": (
        "K1",
        "waits, but the run is over",
        lambda folder: sql(folder, "UPDATE commands SET status = 'pending' WHERE run_id = 1"),
    ),
    "an effect that came twice": ("K2", "run 1: command 1 was carried out", twice_changed),
    "effects out of their order": ("K3", "took effect before an earlier one", backwards),
    "a reading that is untrue": ("K4", "named 0.0203", untrue_reading),
    "a byte of a checkpoint": (
        "C1",
        "model.safetensors differs",
        lambda folder: flip(saved(folder)[0] / "model.safetensors", 0.9),
    ),
    "a file of a checkpoint that is gone": (
        "C1",
        "optimizer.safetensors is missing",
        lambda folder: os.unlink(saved(folder)[0] / "optimizer.safetensors"),
    ),
    "two files of checkpoints, exchanged": (
        "C1",
        "differs from its checksum",
        lambda folder: exchange(*(path / "model.safetensors" for path in saved(folder)[:2])),
    ),
    "two checkpoints, exchanged": (
        "C1",
        "not the one that was announced",
        lambda folder: exchange(*saved(folder)[:2]),
    ),
    "no checkpoint left": (
        "C3",
        "run 1: no checkpoint",
        no_checkpoint,
    ),
    "a fork without its checkpoint": (
        "C6",
        "run 2: its parent has no checkpoint",
        lambda folder: sql(folder, "UPDATE checkpoints SET step = step + 1 WHERE run_id = 1"),
    ),
    "a directory of no run": (
        "C7",
        "runs/77 belongs to no run",
        lambda folder: shutil.copytree(folder / "runs/2", folder / "runs/77"),
    ),
    "a run without directory": (
        "C7",
        "run 3 has no directory",
        lambda folder: shutil.rmtree(folder / "runs/3"),
    ),
    "a checkpoint of nobody": (
        "C7",
        "checkpoints/12345 is in no journal",
        lambda folder: shutil.copytree(saved(folder)[0], folder / "runs/1/checkpoints/12345"),
    ),
    "a checkpoint that was never finished": (
        "C7",
        "checkpoints/.9.part",
        lambda folder: (folder / "runs/1/checkpoints/.9.part").mkdir(),
    ),
    "a run that nobody works on": (
        "R1",
        "run 3 is running, but no worker holds its lock",
        lambda folder: sql(folder, "UPDATE runs SET status = 'running' WHERE id = 3"),
    ),
    "an end that no worker wrote": (
        "R3",
        "run 2 is finished",
        lambda folder: sql(folder, "UPDATE runs SET status = 'finished' WHERE id = 2"),
    ),
    "a status that cannot follow": ("R4", "from queued to paused", illegal_move),
    "a best trial that is another": (
        "S1",
        "search 1: trials 1/2 differs from its journal",
        lambda folder: sql(folder, "UPDATE trials SET ended = 'diverged' WHERE number = 2"),
    ),
    "a search that SQL forgot": (
        "S1",
        "searches/2 has no search in SQL",
        lambda folder: sql(folder, "DELETE FROM searches WHERE id = 2"),
    ),
    "a trial with values that nobody drew": ("S2", "has another momentum than its sample", redraw),
    "a trial that is missing": (
        "S2",
        "search 1: its trials are not numbered without a gap",
        lambda folder: sql(folder, "DELETE FROM trials WHERE search_id = 1 AND number = 2"),
    ),
    "a database that is damaged": (
        "SQL",
        "is damaged",
        lambda folder: (folder / DATABASE).write_bytes((folder / DATABASE).read_bytes()[:9_000]),
    ),
}


@pytest.mark.parametrize("what", PLANTED)
def test_what_is_planted_is_found_and_named(copied: Path, what: str) -> None:
    code, named, plant = PLANTED[what]
    plant(copied)

    lines = verified(copied)

    assert lines[code].startswith("WRONG"), lines
    assert named in lines[code]


def test_nothing_is_found_where_nothing_is_wrong(copied: Path) -> None:
    lines = verified(copied)

    assert set(lines) == set(CHECKS) - {"C5"}
    for line in lines.values():
        assert line.startswith("OK"), line
        assert "(0 " not in line, f"nothing was looked at: {line}"


def test_nothing_is_found_while_it_trains(shared: LiveServer, running: dict[str, Any]) -> None:
    for step in (100, 200):
        shared.wait_for_step(running["id"], step, timeout_s=60)
        lines = verified(shared.data_dir, running["id"])
        assert [line for line in lines.values() if not line.startswith("OK")] == []


def test_a_forged_checkpoint_is_found_by_a_deep_look(copied: Path) -> None:
    directory = saved(copied)[0]
    flip(directory / "model.safetensors", 0.9)
    manifest = json.loads((directory / "manifest.json").read_text())
    digest = hashlib.sha256((directory / "model.safetensors").read_bytes()).hexdigest()
    manifest["files"]["model.safetensors"]["sha256"] = digest
    (directory / "manifest.json").write_text(json.dumps(manifest))

    lines = verified(copied, 1, deep=True)

    assert lines["C1"].startswith("OK")
    assert lines["C5"].startswith("WRONG")
    assert f"run 1, checkpoint {directory.name}: its files do not belong together" in lines["C5"]


def test_the_command_ends_with_what_it_found(copied: Path) -> None:
    healthy = babysit("verify", "2", "--data-dir", str(copied))
    sql(copied, "UPDATE runs SET note = 'not his' WHERE id = 2")
    wrong = babysit("verify", "--data-dir", str(copied))

    assert (healthy.returncode, wrong.returncode) == (0, 1), healthy.stdout + wrong.stdout
    assert "run 2: runs 2: note is 'not his'" in wrong.stdout
    assert "" == healthy.stderr == wrong.stderr
