"""A file that is replaced has its old content or its new one, whichever call to the disk fails."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from babysit.storage.atomic import PRIVATE, write_atomic
from tests.babysit.disk_faults import HOW, Disk, How, failing

CALLS_MIN, CALLS_MAX = 5, 20  # a temporary file, its content, two syncs, a rename
OLD, NEW = "old " * 1_000, "new " * 2_000


def tried(folder: Path, how: How, trial: Callable[[Path, Disk], None]) -> int:
    """Do it with the first call failing, then the second, until none fails any more; how often."""
    for at in range(1, CALLS_MAX):
        place = folder / str(at)
        place.mkdir()
        with failing(at, how) as disk:
            trial(place / "settings", disk)
        if not disk.was_reached:
            return at - 1
    raise AssertionError(f"more than {CALLS_MAX} calls")


@pytest.mark.parametrize("how", HOW)
def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, how: How) -> None:
    written: dict[Path, bool] = {}

    def replace(path: Path, disk: Disk) -> None:
        path.write_text(OLD)
        written[path] = False
        with contextlib.suppress(OSError):
            write_atomic(path, NEW)
            written[path] = True

    trials = tried(tmp_path, how, replace)

    assert trials >= CALLS_MIN
    for path, is_written in written.items():
        assert path.read_text() in ((NEW,) if is_written else (OLD, NEW)), path
        if how != "kill":
            assert os.listdir(path.parent) == ["settings"]


@pytest.mark.parametrize("how", HOW)
def test_what_was_written_survives_a_power_cut(tmp_path: Path, how: How) -> None:
    written: dict[Path, bool] = {}

    def create(path: Path, disk: Disk) -> None:
        written[path] = False
        with contextlib.suppress(OSError):
            write_atomic(path, NEW)
            written[path] = True
        disk.cut_power(path.parent)

    trials = tried(tmp_path, how, create)

    assert trials >= CALLS_MIN
    for path, is_written in written.items():
        if is_written:
            assert path.read_text() == NEW, path


def test_a_private_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("old")
    path.chmod(0o644)

    write_atomic(path, "new", mode=PRIVATE)

    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_a_process_of_the_same_id_left_is_not_in_the_way(tmp_path: Path) -> None:
    (tmp_path / f".settings.{os.getpid()}.part").write_text("half of the con")

    write_atomic(tmp_path / "settings", NEW)

    assert (tmp_path / "settings").read_text() == NEW
    assert os.listdir(tmp_path) == ["settings"]
