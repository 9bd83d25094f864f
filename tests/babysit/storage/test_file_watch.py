"""Whoever waits for a file to grow is woken by whoever appends to it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from babysit.storage.file_watch import FileWatch

WITHIN_S = 30.0  # long after any wake-up


@pytest.fixture
def watch() -> Iterator[FileWatch]:
    made = FileWatch()
    yield made
    made.close()


def grown_after(watch: FileWatch, act: object) -> list[Path]:
    """What has grown, once the watch has ended its waiting because of `act`."""
    watch.clear()
    watch.take_grown()
    found: list[Path] = []

    def wait() -> None:
        while not found:
            watch.wait(WITHIN_S)
            watch.clear()
            found.extend(watch.take_grown() or [Path()])

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    act()  # type: ignore[operator]
    waiting.join(WITHIN_S / 2)
    assert not waiting.is_alive()
    return found


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def test_a_file_that_grows_is_named(watch: FileWatch, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for path in (first, second):
        path.touch()
        watch.add(path)

    grown = grown_after(watch, lambda: append(second))

    assert grown == [second]


def test_a_file_that_is_made_later_is_named_and_then_followed(
    watch: FileWatch, tmp_path: Path
) -> None:
    later = tmp_path / "later"
    watch.add(later)

    assert grown_after(watch, lambda: append(later)) == [later]
    assert grown_after(watch, lambda: append(later)) == [later]


def test_a_file_that_takes_the_place_of_another_is_followed(
    watch: FileWatch, tmp_path: Path
) -> None:
    path, new = tmp_path / "file", tmp_path / "new"
    path.touch()
    new.touch()
    watch.add(path)

    assert grown_after(watch, lambda: os.replace(new, path)) == [path]
    assert grown_after(watch, lambda: append(path)) == [path]


def test_a_path_may_be_longer_than_the_address_of_a_socket(
    watch: FileWatch, tmp_path: Path
) -> None:
    folder = tmp_path / ("x" * 200)
    folder.mkdir()
    watch.add(folder / "file")

    assert grown_after(watch, lambda: append(folder / "file")) == [folder / "file"]


def test_setting_it_ends_the_waiting(watch: FileWatch) -> None:
    assert grown_after(watch, watch.set) == [Path()]


def test_it_looks_where_the_kernel_does_not_tell(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    blind = FileWatch()
    blind.add(tmp_path / "file")

    blind.clear()
    blind.wait(WITHIN_S)  # it would never end

    assert blind.is_blind
    assert blind.take_grown() == [tmp_path / "file"]
    blind.close()
