"""What a data directory holds after a soak: journals byte by byte, SQL row by row, checkpoints."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from crc32c import crc32c

from app.store.curves.chunks import unpack

HEADER = struct.Struct("<4sIIQ")
Body = dict[str, Any]


@dataclass
class Journal:
    """One journal file. end: of its last whole frame, in bytes; problems: what is wrong with it."""

    events: dict[int, Body] = field(default_factory=dict)  # seq -> event
    points: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    end: int = 0
    last_seq: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass
class Run:
    """One run: its directory and what SQL says about it. Attempt 0 is the server's journal."""

    id: int
    directory: Path
    spec: Body
    row: Body
    journals: dict[int, Journal]
    sql_events: list[Body]  # in the order of their ids
    commands: list[Body]
    checkpoints: list[Body]
    cursors: dict[int, tuple[int, int]]
    curves: dict[tuple[int, str], list[tuple[int, float]]]

    def said(self, kind: str) -> list[Body]:
        """Events of a kind by the workers, in the order of the attempts."""
        return [
            event
            for attempt, journal in sorted(self.journals.items())
            if attempt > 0
            for event in journal.events.values()
            if event["kind"] == kind
        ]


def read_journal(path: Path) -> Journal:
    """Every frame from the first on; only bytes of a frame that was cut off may be left."""
    journal, data = Journal(), path.read_bytes()
    while journal.end + HEADER.size <= len(data):
        magic, length, checksum, seq = HEADER.unpack_from(data, journal.end)
        begin = journal.end + HEADER.size
        payload = data[begin : begin + length]
        if magic != b"\xb5JF1" or len(payload) < length:
            break
        if crc32c(payload, crc32c(struct.pack("<Q", seq))) != checksum:
            break
        if seq != journal.last_seq + 1:
            journal.problems.append(f"seq {seq} follows {journal.last_seq}")
        journal.last_seq, journal.end = seq, begin + length
        _take(journal, seq, payload)
    if data.find(b"\xb5JF1", journal.end + 1) >= 0:
        journal.problems.append(f"damaged at {journal.end}, and more follows")
    return journal


def _take(journal: Journal, seq: int, payload: bytes) -> None:
    if payload[:1] == b"E":
        journal.events[seq] = json.loads(payload[1:])
        return
    names_bytes, count = struct.unpack_from("<II", payload, 1)
    names, start = json.loads(payload[9 : 9 + names_bytes]), 9 + names_bytes
    steps = np.frombuffer(payload, "<i8", count, start).tolist()
    for place, name in enumerate(names):
        values = np.frombuffer(payload, "<f8", count, start + 8 * count * (1 + place)).tolist()
        journal.points.setdefault(name, []).extend(zip(steps, values, strict=True))


def read_runs(data_dir: Path) -> list[Run]:
    """Everything there is, of every run that SQL knows."""
    database = sqlite3.connect(f"file:{data_dir / 'babysit.sqlite'}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    try:
        return [_read_run(database, data_dir, dict(row)) for row in _rows(database, "runs", "id")]
    finally:
        database.close()


def _rows(database: sqlite3.Connection, table: str, order: str, run_id: int = 0) -> list[Body]:
    where = f"WHERE run_id = {run_id}" if run_id else ""
    return [
        dict(row) for row in database.execute(f"SELECT * FROM {table} {where} ORDER BY {order}")
    ]


def _read_run(database: sqlite3.Connection, data_dir: Path, row: Body) -> Run:
    run_id = int(row["id"])
    directory = data_dir / "runs" / str(run_id)
    journals = {0: read_journal(directory / "server.journal")}
    for path in sorted(directory.glob("attempt-*.journal")):
        journals[int(path.stem.partition("-")[2])] = read_journal(path)
    events = _rows(database, "events", "id", run_id)
    curves: dict[tuple[int, str], list[tuple[int, float]]] = {}
    for chunk in _rows(database, "curve_chunks", "attempt, series, ordinal", run_id):
        curve = unpack(chunk["data"])
        pairs = zip(curve.steps.tolist(), curve.values.tolist(), strict=True)
        curves.setdefault((chunk["attempt"], chunk["series"]), []).extend(pairs)
    return Run(
        id=run_id,
        directory=directory,
        spec=json.loads((directory / "run.json").read_text()),
        row=row,
        journals=journals,
        sql_events=[{**event, "body": json.loads(event["body"])} for event in events],
        commands=_rows(database, "commands", "id", run_id),
        checkpoints=_rows(database, "checkpoints", "id", run_id),
        cursors={
            cursor["attempt"]: (cursor["byte_offset"], cursor["seq"])
            for cursor in _rows(database, "journal_cursors", "attempt", run_id)
        },
        curves=curves,
    )


def damage_of(directory: Path) -> str | None:
    """What is wrong with a checkpoint by its own manifest; None: nothing."""
    try:
        manifest = json.loads((directory / "manifest.json").read_text())
        for name, entry in manifest["files"].items():
            data = (directory / name).read_bytes()
            if len(data) != entry["bytes"] or hashlib.sha256(data).hexdigest() != entry["sha256"]:
                return f"{name} differs"
    except (OSError, ValueError, KeyError) as error:
        return repr(error)
    return None
