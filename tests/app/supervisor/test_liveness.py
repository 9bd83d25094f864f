"""What the supervisor takes a run for whose worker it cannot look at."""

from __future__ import annotations

import resource
from pathlib import Path

from app.supervisor.liveness import may_be_locked


def test_a_run_whose_lock_cannot_be_looked_at_is_not_taken_for_free(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    assert not may_be_locked(tmp_path)

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        assert may_be_locked(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
