"""Checkpoints whose files are in object storage: how they are shown, and fetched when needed."""

from __future__ import annotations

import contextlib
from typing import Any

from sqlalchemy import select

from babysit.storage.manifest import CheckpointDamaged
from babysit.storage.objects.restoring import bring_back

from ..errors import NotAllowed, NotReady
from ..limits import INT_MAX
from ..store.runs.checkpoints import announced_of, checkpoint_path, what_is_wrong
from ..store.tables.runs import CheckpointRow
from .deps import AppState
from .schemas.responses import Checkpoint

TRIES = 2  # a client waits


def with_storage(state: AppState, item: dict[str, Any]) -> Checkpoint:
    """The response for a checkpoint; one with a copy elsewhere can be used though it is gone."""
    uploads = state.uploads
    if uploads is None or item["removed"]:
        return Checkpoint.model_validate(item)
    is_local, upload, record = item["valid"], uploads.state_of(item["id"]), uploads.find(item["id"])
    if not is_local and record is not None and record.is_complete:
        item = {**item, "valid": True, **record.state}
    shown = {"state": upload.state, "message": upload.message, "local": is_local}
    return Checkpoint.model_validate({**item, "storage": shown})


def fetch_if_gone(state: AppState, checkpoint_id: int) -> None:
    """Make the files of a checkpoint whole, if they are not and there is a copy of them.

    Raises:
        NotAllowed: the copy is damaged as well.
        NotReady: the storage does not answer.
    """
    if state.uploads is None or not 0 < checkpoint_id <= INT_MAX:
        return
    with state.store.reading() as session:
        row = session.get(CheckpointRow, checkpoint_id)
        session.expunge_all()
    if row is None or row.removed:
        return
    path = checkpoint_path(state.store.runs_dir, row)
    wrong = what_is_wrong(path, row, deep=True)
    if wrong is None:
        return
    try:
        bring_back(path, announced_of(row), state.uploads.address, tries=TRIES)
    except CheckpointDamaged as error:
        raise NotAllowed(
            f"This checkpoint cannot be used: {wrong}; its copy in object storage: {error}. "
            "Choose another one.",
            state="damaged",
        ) from error
    except OSError as error:
        raise NotReady(
            f"This checkpoint is not on the server's machine ({wrong}) and could not be fetched "
            f"from object storage: {error}. Try again later, or choose another one."
        ) from error


def fetch_newest(state: AppState, run_id: int) -> None:
    """Make the newest checkpoint of a run whole, or else the next older one."""
    if state.uploads is None:
        return
    query = (
        select(CheckpointRow.id)
        .where(CheckpointRow.run_id == run_id, ~CheckpointRow.removed)
        .order_by(CheckpointRow.step.desc(), CheckpointRow.id.desc())
    )
    with state.store.reading() as session:
        checkpoint_ids = list(session.scalars(query))
    for checkpoint_id in checkpoint_ids:
        with contextlib.suppress(NotAllowed):
            fetch_if_gone(state, checkpoint_id)
            with state.store.reading() as session:
                row = session.get_one(CheckpointRow, checkpoint_id)
                path = checkpoint_path(state.store.runs_dir, row)
                if what_is_wrong(path, row, deep=False) is None:
                    return
