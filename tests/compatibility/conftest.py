"""Every data directory that was ever recorded."""

from __future__ import annotations

import pytest

from tests.compatibility.recording import HERE, Recording

RECORDED = sorted(path.name for path in HERE.glob("data_dir_*"))


@pytest.fixture(scope="module", params=RECORDED)
def recorded(request: pytest.FixtureRequest) -> Recording:
    return Recording.read(request.param)
