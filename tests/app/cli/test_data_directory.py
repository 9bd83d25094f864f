"""A second server on one data directory is told so, in a line and not in a traceback."""

from __future__ import annotations

import os
import resource
import shutil
import sys
from pathlib import Path

import pytest

from app.cli.__main__ import main
from app.data_dir.location import came_from, shared_files
from app.data_dir.lock import DataDirectoryUnavailable, locked
from app.data_dir.server_file import announced
from app.settings import Settings
from babysit.storage.server_file import is_server_there, server_of


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


def test_a_directory_that_was_copied_or_moved_says_where_it_came_from_until_it_is_served(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    original = tmp_path / "original"
    with locked(original):
        copy = Path(shutil.copytree(original, tmp_path / "copy"))

        assert came_from(original) is None
        assert came_from(copy) == str(original)
        with locked(copy):
            assert f"it was last served as {original}" in caplog.text
        assert came_from(copy) is None
    moved = original.rename(tmp_path / "moved")
    assert came_from(moved) == str(original)


@pytest.mark.parametrize("url", ["postgresql+psycopg://a:b@db/runs", "sqlite:///{}/a.sqlite"])
def test_a_copy_beside_its_original_is_not_served_with_the_original_s_database(
    url: str, tmp_path: Path
) -> None:
    url = url.format(tmp_path)
    original, copy = tmp_path / "original", tmp_path / "copy"
    with locked(original, url):
        shutil.copytree(original, copy)

    for _ in range(2):  # being refused is not being served
        with pytest.raises(DataDirectoryUnavailable, match=f"is a copy of {original}") as refused:
            locked(copy, url).__enter__()
        assert "a:b" not in str(refused.value)

    with locked(original, url):
        pass
    shutil.copytree(copy, tmp_path / "other")
    with locked(tmp_path / "other", f"{url}2"):  # a database of its own
        pass
    shutil.rmtree(original)
    with locked(copy, url):  # restored in its place
        pass


def test_a_copy_with_the_database_in_it_is_served(tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    with locked(original, Settings(data_dir=original).sql_url):
        shutil.copytree(original, copy)

    with locked(copy, Settings(data_dir=copy).sql_url):
        assert came_from(copy) is None


@pytest.mark.parametrize("kind", ["hard links", "symbolic links"])
def test_a_copy_whose_files_are_those_of_the_original_is_not_served(
    kind: str, tmp_path: Path
) -> None:
    link = os.link if kind == "hard links" else os.symlink
    original, copy = tmp_path / "original", tmp_path / "copy"
    with locked(original):
        (original / "runs" / "1").mkdir(parents=True)
        (original / "runs" / "1" / "server.journal").write_text("")
    shutil.copytree(original, copy, copy_function=link)

    with pytest.raises(DataDirectoryUnavailable, match=f"a copy made of {kind}"):
        locked(copy).__enter__()

    assert shared_files(copy) == kind
    with locked(original):  # whose files have the same number of names
        pass


def test_two_directories_with_the_same_runs_have_one_server(tmp_path: Path) -> None:
    elsewhere = tmp_path / "large disk"
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "runs").symlink_to(elsewhere)

    with (
        locked(tmp_path / "one"),
        pytest.raises(DataDirectoryUnavailable, match=f"already works on {elsewhere}"),
    ):
        locked(tmp_path / "two").__enter__()


def test_the_address_of_a_server_is_not_taken_from_a_copied_file(tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    with locked(original), announced(Settings(data_dir=original)):
        shutil.copytree(original, copy)
    (copy / "server.json").write_text(
        (copy / "server.json").read_text().replace(str(os.getpid()), str(os.getppid()))
    )

    with locked(copy):
        assert is_server_there(copy)
        assert server_of(copy) is None
        with announced(Settings(data_dir=copy)):
            assert server_of(copy) is not None


def test_a_server_works_though_it_cannot_say_where_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The disk is full: what there is can be looked at all the same."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with locked(tmp_path), announced(Settings(data_dir=tmp_path)):
            assert is_server_there(tmp_path)
            assert server_of(tmp_path) is None
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert "server.json cannot be written" in caplog.text
