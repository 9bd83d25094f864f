"""Copies every announced checkpoint to object storage, and removes the copies of removed ones.

What is to be done follows from SQL and from the upload records, so a start finds it again. It is
one thread beside the others: no worker and no request ever waits for it.
"""

from __future__ import annotations

import logging
import math
import time

from sqlalchemy import select

from babysit.protocol.events import CheckpointRemoved, CheckpointSaved, Warned
from babysit.protocol.spec.run_spec import CHECKPOINTS_PER_RUN_MAX
from babysit.storage.manifest import CheckpointDamaged
from babysit.storage.objects.copies import Copy, read_state
from babysit.storage.objects.storage import StorageUnavailable

from ...store.committed import Committed
from ...store.runs.checkpoints import announced_of, checkpoint_path, state_in, state_json
from ...store.runs.projection import emit
from ...store.runs.removal import removed_for_good
from ...store.store import Store
from ...store.tables.runs import CheckpointRow, RunRow
from ...uploads.records import UploadRecord
from ...uploads.uploads import Uploads
from ..background_loop import BackgroundLoop

log = logging.getLogger(__name__)

KINDS = (CheckpointSaved.kind, CheckpointRemoved.kind)
LOOK_EVERY_S = 60.0  # for runs that were removed for good
RETRY_S, RETRY_S_MAX = 2.0, 300.0


class UploadLoop:
    """Does nothing without an object storage."""

    def __init__(self, store: Store, uploads: Uploads | None) -> None:
        self._store, self._uploads = store, uploads
        self._is_scanned = False
        self._failures = 0  # of the storage, in a row
        self._retry_at_s = -math.inf  # monotonic
        self.loop = BackgroundLoop("uploads", self._turn)

    def start(self) -> None:
        if self._uploads is not None:
            self.loop.start()

    def close(self) -> None:
        if self._uploads is not None:
            self.loop.request_close()
            self._uploads.close()
            self.loop.close()

    def on_commit(self, committed: Committed) -> None:
        """Look at the checkpoints that were saved or removed."""
        if self._uploads is None:
            return
        said = [event.get("checkpoint_id") for event in committed.events if event["kind"] in KINDS]
        changed = [checkpoint_id for checkpoint_id in said if isinstance(checkpoint_id, int)]
        if changed:
            self._uploads.add(changed)
            self.loop.wake()

    def _turn(self) -> float:
        left_s = self._retry_at_s - time.monotonic()
        if left_s > 0:
            return left_s
        uploads = self._uploads
        assert uploads is not None
        if not self._is_scanned:
            self._scan(uploads)
            self._is_scanned = True
        uploads.add(
            record.checkpoint_id
            for record in uploads.records.all()
            if record.run_id in self._store.removed
        )
        while not self.loop.is_closing and (checkpoint_id := uploads.take()) is not None:
            try:
                self._do(uploads, checkpoint_id)
            except OSError as error:  # of the storage, or of the disk
                return self._note_failure(uploads, checkpoint_id, error)
            uploads.done(checkpoint_id)
        return LOOK_EVERY_S

    def _scan(self, uploads: Uploads) -> None:
        """Find everything that an earlier server left undone, oldest first: the newest is next."""
        query = select(CheckpointRow.id, CheckpointRow.removed).order_by(CheckpointRow.at)
        with self._store.reading() as session:
            removed_by_id = {row.id: row.removed for row in session.execute(query)}
        gone = removed_for_good(self._store)
        uploads.add(
            record.checkpoint_id
            for record in uploads.records.all()
            if removed_by_id.get(record.checkpoint_id) or record.run_id in gone
        )
        uploads.add(
            checkpoint_id
            for checkpoint_id, removed in removed_by_id.items()
            if not removed and not uploads.is_stored(checkpoint_id)
        )

    def _do(self, uploads: Uploads, checkpoint_id: int) -> None:
        """Whatever is to be done with one checkpoint, judged by how it is now.

        Raises:
            StorageUnavailable, OSError: it has to be tried again.
        """
        record = uploads.find(checkpoint_id)
        with self._store.reading() as session:
            row = session.get(CheckpointRow, checkpoint_id)
            session.expunge_all()
        if row is None or row.removed:
            if record is not None and self._may_remove(record, row):
                uploads.remove(record)
                self._note_answer(uploads)
        elif record is None or not record.is_complete:
            self._copy(uploads, row)

    def _may_remove(self, record: UploadRecord, row: CheckpointRow | None) -> bool:
        """A run that SQL does not know may only be missing: its copies may be the last ones."""
        return row is not None or record.run_id in removed_for_good(self._store)

    def _copy(self, uploads: Uploads, row: CheckpointRow) -> None:
        directory = checkpoint_path(self._store.runs_dir, row)
        copy = Copy(directory, announced_of(row))
        try:
            uploads.copy(row.id, copy)
            state = state_in(directory)
            if state["values"] is None:
                state = state_json(read_state(uploads.storage, copy))
        except StorageUnavailable:
            raise
        except (CheckpointDamaged, FileNotFoundError) as error:
            if self._is_still_there(row.id):
                uploads.note_damaged(row.id, f"it cannot be copied: {error}")
            else:
                self._do(uploads, row.id)  # retention was faster: remove what was copied
            return
        uploads.complete(row.id, copy, state)
        self._note_answer(uploads, row.run_id)

    def _is_still_there(self, checkpoint_id: int) -> bool:
        with self._store.reading() as session:
            row = session.get(CheckpointRow, checkpoint_id)
            return row is not None and not row.removed

    # -- whether the storage answers

    def _note_answer(self, uploads: Uploads, run_id: int | None = None) -> None:
        self._failures = 0
        uploads.note(None)
        if run_id is not None and uploads.records.is_warned(run_id):
            uploads.records.note_warned(run_id, warned=False)
            self._tell([run_id], "Checkpoints are copied to object storage again.")

    def _note_failure(self, uploads: Uploads, checkpoint_id: int, error: OSError) -> float:
        """Say it once on the page of each run that has to do with it; when to try again."""
        if self.loop.is_closing:  # which has ended what was in progress
            return LOOK_EVERY_S
        reason = str(error) if isinstance(error, StorageUnavailable) else _of_disk(error)
        pause_s: float = min(RETRY_S_MAX, RETRY_S * 2 ** min(self._failures, 20))
        self._failures += 1
        self._retry_at_s = time.monotonic() + pause_s
        uploads.note(reason)
        if self._failures == 1:
            log.warning("checkpoints cannot be copied to object storage: %s", reason)
        run_ids = {each // CHECKPOINTS_PER_RUN_MAX for each in uploads.waiting()}
        own = checkpoint_id // CHECKPOINTS_PER_RUN_MAX
        with self._store.reading() as session:
            rows = session.execute(select(RunRow.id, RunRow.status).where(RunRow.id.in_(run_ids)))
            concerned = [row.id for row in rows if row.id == own or not row.status.is_over]
        told = [run_id for run_id in concerned if not uploads.records.is_warned(run_id)]
        for run_id in told:
            uploads.records.note_warned(run_id, warned=True)
        self._tell(
            told,
            f"Checkpoints cannot be copied to object storage: {reason}. The training goes on, "
            "and the copies are tried again.",
        )
        return pause_s

    def _tell(self, run_ids: list[int], message: str) -> None:
        if not run_ids:
            return
        with self._store.writing() as tx:
            for run_id in run_ids:
                run = tx.session.get(RunRow, run_id)
                if run is not None:
                    emit(tx, run, Warned(step=run.step, message=message))


def _of_disk(error: OSError) -> str:
    return f"a file on this machine cannot be used ({error.strerror or type(error).__name__})"
