"""A second server on one data directory is told so, in a line and not in a traceback."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

import pytest

from app.cli.__main__ import main
from app.data_dir.lock import DataDirectoryUnavailable, is_server_there, locked


def test_a_data_directory_has_one_server_at_a_time(tmp_path: Path) -> None:
    with locked(tmp_path):
        assert is_server_there(tmp_path)
        with pytest.raises(DataDirectoryUnavailable, match=f"process {os.getpid()}"):
            locked(tmp_path).__enter__()

    assert not is_server_there(tmp_path)


def test_a_command_that_finds_another_server_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["babysit", "rebuild", "--data-dir", str(tmp_path)])

    with locked(tmp_path), pytest.raises(SystemExit) as ended:
        main()

    message = f"another server (process {os.getpid()}) already works on {tmp_path}."
    assert ended.value.code == f"babysit: {message}"


def test_a_data_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(DataDirectoryUnavailable, match="Not a directory"):
        locked(tmp_path / "file" / "var").__enter__()


def test_with_too_many_open_files_it_is_not_known_whether_a_server_is_there(
    tmp_path: Path,
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with locked(tmp_path):
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        try:
            with pytest.raises(OSError, match="Too many open files"):
                is_server_there(tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
