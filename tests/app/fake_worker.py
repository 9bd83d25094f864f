"""Plays a worker for the store and the ingest: writes a real journal, holds the real lock."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.task_catalog import TaskInfo
from babysit.protocol.events import Event, StatusChanged, WorkerStarted
from babysit.protocol.hyperparameters import declare
from babysit.protocol.serialization import to_json
from babysit.protocol.status import RunStatus
from babysit.protocol.values import Values
from babysit.storage.file_lock import RUN_LOCK, lock_file
from babysit.storage.journal import JournalWriter, Points, encode_event, encode_points

DECLARED = declare(("hidden_units", "layers", "dropout"), {})
SPIRALS = TaskInfo("spirals", {"default_steps": 1000}, DECLARED, None)
VALUES: Values = {name: item.default for name, item in DECLARED.items()}


class FakeWorker:
    """The process of attempt N of a run, as far as anybody can tell from its files."""

    def __init__(self, directory: Path, attempt: int = 1, step: int = 0) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.lock = lock_file(directory / RUN_LOCK)
        self.journal = JournalWriter(directory / f"attempt-{attempt:04d}.journal")
        if self.journal.seq == 0:
            self.emit(started(step))
            self.emit(StatusChanged(step=step, status=RunStatus.RUNNING))

    def emit(self, event: Event) -> None:
        self.journal.append([encode_event(to_json(event))])

    def record(self, first_step: int, values: Sequence[float], series: str = "train/cost") -> None:
        self.journal.append([encode_points(points(first_step, values, series))])

    def close(self) -> None:
        self.journal.close()
        os.close(self.lock)


def started(step: int = 0) -> WorkerStarted:
    return WorkerStarted(
        step=step,
        pid=os.getpid(),
        start_ticks=1,
        boot_id="none",
        threads=1,
        device="cpu",
        versions={},
        code_sha256="",
        data_sha256="",
        train_size=100,
        val_size=20,
        steps_per_epoch=4,
        parameters=10,
        values=VALUES,
    )


def points(first_step: int, values: Sequence[float], series: str = "train/cost") -> Points:
    steps = np.arange(first_step, first_step + len(values), dtype=np.int64)
    return Points((series,), steps, np.array([values], dtype=np.float64))
