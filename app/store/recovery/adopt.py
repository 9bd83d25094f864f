"""Takes up the runs whose directories were made by scripts that somebody started by hand."""

from __future__ import annotations

import logging

from sqlalchemy import select

from ..journals.spec_file import RUN_FILE, numbered_directories
from ..runs.runs import run_row
from ..store import Store
from ..tables.runs import RunRow
from .reconcile import reconcile_event_ids, reconcile_run

log = logging.getLogger(__name__)


def adopt_scripts(store: Store) -> list[tuple[int, int]]:
    """Store the runs of new directories. Returns: their ids, and their newest attempts.

    Only runs of scripts: any other directory without a row was put there by somebody, and
    `babysit rebuild` takes it in.
    """
    directories = {int(path.name): path for path in numbered_directories(store.runs_dir)}
    with store.reading() as session:
        known = set(session.scalars(select(RunRow.id)))
    adopted = []
    for run_id in sorted(directories.keys() - known - store.removed):
        spec = RUN_FILE.read(directories[run_id])
        if isinstance(spec, str) or spec.script is None or spec.parent is not None:
            continue
        with store.lock:
            with store.writing() as tx:
                if tx.session.get(RunRow, run_id) is not None:
                    continue
                tx.session.add(row := run_row(spec))
                tx.mark_changed(row)
            reconcile_run(store, run_id)
        with store.reading() as session:
            adopted.append((run_id, session.get_one(RunRow, run_id).attempt))
    if adopted:
        _number_events(store)
    return adopted


def _number_events(store: Store) -> None:
    with store.lock:
        try:
            reconcile_event_ids(store)
        except OSError as error:
            log.warning("order.journal cannot be read or written: %s", error)
            store.event_ids.is_lagging = True
