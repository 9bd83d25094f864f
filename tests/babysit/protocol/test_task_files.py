"""The server and the workers look for tasks in the same folders, and name them alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import Settings
from babysit.protocol.spec.task_files import (
    find_task_file,
    shipped_folder,
    task_files,
    task_folders,
)


def test_a_home_directory_is_expanded_on_both_sides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    file = tmp_path / "mine" / "my_task.py"
    file.touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("BABYSIT_MODELS", "~/mine")

    assert find_task_file("my-task") == file
    assert Settings().task_folders == task_folders() == [shipped_folder(), tmp_path / "mine"]


def test_a_later_folder_wins_and_hidden_files_are_no_tasks(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, names in ((first, ("a.py", "b_c.py")), (second, ("a.py", "_data.py", ".x.py"))):
        folder.mkdir()
        for name in names:
            (folder / name).touch()

    files = task_files([first, tmp_path / "missing", second])

    assert files == {"a": second / "a.py", "b-c": first / "b_c.py"}
