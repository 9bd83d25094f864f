"""Removes for good what somebody threw away: the runs in the trash, and single checkpoints."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from babysit.protocol.events import CheckpointRemoved
from babysit.protocol.serialization import now
from babysit.storage.file_lock import is_run_locked
from babysit.storage.journal import Frame, JournalReader, JournalWriter

from ...errors import NotAllowed
from ..store import Store, Transaction
from ..tables.runs import (
    CheckpointRow,
    CommandRow,
    CurveChunkRow,
    EventRow,
    JournalCursorRow,
    RunRow,
)
from ..tables.summaries import CurveSummaryRow
from .projection import emit
from .runs import find_run

NAME = "removed.journal"  # in the data directory: the runs that were removed for good
KIND = "run_removed"
OF_A_RUN = (
    EventRow,
    CommandRow,
    CheckpointRow,
    CurveChunkRow,
    CurveSummaryRow,
    JournalCursorRow,
)


@dataclass(slots=True)
class Trash:
    """What is in the trash.

    run_ids: the runs that can be removed for good. bytes: on the disk, of these.
    kept: why the others stay, by run.
    """

    run_ids: list[int] = field(default_factory=list)
    bytes: int = 0
    kept: dict[int, str] = field(default_factory=dict)


def look_into_trash(session: Session, runs_dir: Path) -> Trash:
    """What emptying the trash would remove."""
    trash = Trash()
    children: dict[int, list[int]] = {}
    forks = select(RunRow.id, RunRow.parent_run_id).where(RunRow.parent_run_id.is_not(None))
    for run_id, parent in session.execute(forks):
        assert parent is not None
        children.setdefault(parent, []).append(run_id)
    query = select(RunRow).where(RunRow.trashed_at.is_not(None)).order_by(RunRow.id.desc())
    for run in session.scalars(query):  # a fork has a higher id than its parent
        why = _why_kept(run, runs_dir / str(run.id), children.get(run.id, []), trash.run_ids)
        if why is not None:
            trash.kept[run.id] = why
            continue
        trash.run_ids.append(run.id)
        trash.bytes += _bytes_of(runs_dir / str(run.id))
    return trash


def _why_kept(run: RunRow, directory: Path, children: list[int], removed: list[int]) -> str | None:
    if not run.status.is_over:
        return "It is not over yet."
    try:
        if is_run_locked(directory):
            return "Its worker has not ended yet."
    except OSError as error:
        return f"Whether its worker has ended is not known: {error.strerror}."
    if run.search_id is not None:
        return f"It is a trial of search {run.search_id}."
    left = [child for child in children if child not in removed]
    return f"Run {left[0]} was forked from it." if left else None


def empty_trash(store: Store) -> Trash:
    """Remove the runs in the trash for good, their directories with them.

    Each is noted in `removed.journal` first, so that a crash leaves nothing halfway and no id is
    used twice.

    Raises:
        OSError: the disk is full or broken.
    """
    with store.lock:
        with store.reading() as session:
            trash = look_into_trash(session, store.runs_dir)
        if trash.run_ids:
            journal = JournalWriter(_path(store))
            try:
                for run_id in trash.run_ids:
                    journal.append_event({"kind": KIND, "run_id": run_id, "at": now()})
                journal.sync()
            finally:
                journal.close()
            _remove(store, trash.run_ids)
    return trash


def finish_removal(store: Store) -> None:
    """After a start: complete what a crash interrupted, and give no id of a removed run again."""
    removed = [run_id for run_id in _noted(_path(store)) if run_id > 0]
    if not removed:
        return
    with store.lock:
        highest = max(store.searches.newest_run_id, *removed)
        store.searches.newest_run_id = highest
        with store.reading() as session:
            known = set(session.scalars(select(RunRow.id).where(RunRow.id.in_(removed))))
        left = [
            run_id
            for run_id in removed
            if run_id in known or (store.runs_dir / str(run_id)).is_dir()
        ]
        _remove(store, left)


def _remove(store: Store, run_ids: list[int]) -> None:
    if not run_ids:
        return
    store.removed.update(run_ids)
    with store.writing() as tx:
        for table in OF_A_RUN:
            tx.session.execute(delete(table).where(table.run_id.in_(run_ids)))
        for run_id in sorted(run_ids, reverse=True):  # forks before their parents
            tx.session.execute(delete(RunRow).where(RunRow.id == run_id))
    store.searches.newest_run_id = max(store.searches.newest_run_id, *run_ids)
    for run_id in run_ids:
        store.journals.forget(run_id)
        store.lagging_runs.discard(run_id)
        shutil.rmtree(store.runs_dir / str(run_id), ignore_errors=True)


def removed_for_good(store: Store) -> set[int]:
    """The runs that were ever removed for good."""
    return store.removed | set(_noted(_path(store)))


def delete_checkpoint(tx: Transaction, row: CheckpointRow) -> None:
    """Note that a checkpoint is removed; the caller removes its files after the commit.

    Raises:
        NotAllowed: its run is not over, or something needs it.
    """
    run = find_run(tx.session, row.run_id)
    if row.removed:
        return
    fork = select(RunRow.id).where(RunRow.parent_checkpoint_id == row.id).limit(1)
    others = select(CheckpointRow.id).where(
        CheckpointRow.run_id == run.id, ~CheckpointRow.removed, CheckpointRow.id != row.id
    )
    if not run.status.is_over:
        raise NotAllowed(
            "The run is not over: its worker looks after its checkpoints. Stop it first.",
            state=run.status.value,
        )
    if (child := tx.session.scalar(fork)) is not None:
        raise NotAllowed(f"Run {child} was forked from this checkpoint.", state="forked")
    if row.pinned:
        raise NotAllowed("This checkpoint is pinned. Unpin it first.", state="pinned")
    if tx.session.scalar(others.limit(1)) is None:
        raise NotAllowed(
            "This is the last checkpoint of the run. Move the run to the trash instead.",
            state="last",
        )
    emit(tx, run, CheckpointRemoved(step=run.step, checkpoint_id=row.id, actor="owner"))


def _path(store: Store) -> Path:
    return store.runs_dir.parent / NAME


def _noted(path: Path) -> Iterator[int]:
    reader = JournalReader(path)
    while records := reader.read():
        for record in records:
            if isinstance(record, Frame) and isinstance(record.body, dict):
                run_id = record.body.get("run_id")
                if record.body["kind"] == KIND and isinstance(run_id, int):
                    yield run_id


def _bytes_of(directory: Path) -> int:
    return sum(_sizes(os.walk(directory)))


def _sizes(tree: Iterable[tuple[str, list[str], list[str]]]) -> Iterator[int]:
    for folder, _, names in tree:
        for name in names:
            try:
                yield os.lstat(os.path.join(folder, name)).st_size
            except OSError:  # removed meanwhile
                continue
