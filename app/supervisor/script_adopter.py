"""Notices scripts that somebody started by hand, and follows their journals."""

from __future__ import annotations

import time

from ..store.recovery.adopt import adopt_scripts
from ..store.store import Store
from .ingest import Ingest

SETTLED_NS = 5_000_000_000  # a directory that is this old is complete


class ScriptAdopter:
    """Looks into the folder of all runs when it has changed."""

    def __init__(self, store: Store, ingest: Ingest) -> None:
        self._store, self._ingest = store, ingest
        self._seen_ns = 0  # when the folder was changed last, as far as it was looked at
        self.is_unsettled = False  # a new directory may be incomplete: look again soon

    def look(self) -> None:
        """Store the runs of new directories, and follow them."""
        try:
            changed_ns = self._store.runs_dir.stat().st_mtime_ns
        except OSError:  # no run was ever made
            return
        if changed_ns == self._seen_ns:
            self.is_unsettled = False
            return
        for run_id, attempt in adopt_scripts(self._store):
            for earlier in range(1, attempt):
                self._ingest.read_to_end(run_id, earlier)
            self._ingest.follow(run_id, attempt)
        is_settled = time.time_ns() - changed_ns > SETTLED_NS
        self._seen_ns, self.is_unsettled = (changed_ns if is_settled else 0), not is_settled
