"""Journals of many runs are written with few open files, and specifications are read with care."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.store.journals.pool import JournalPool
from app.store.journals.spec_file import RUN_FILE, highest_id, numbered_directories
from babysit.protocol.spec.run_spec import RunSpec
from babysit.storage.journal import Frame, JournalReader

NAME = "events.journal"


def pool_of(folder: Path, owners: int) -> JournalPool:
    for owner in range(1, owners + 1):
        (folder / str(owner)).mkdir(parents=True)
    return JournalPool(folder, NAME, open_files_max=2)


def open_files(folder: Path) -> int:
    targets = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            targets.append(descriptor.resolve())
        except OSError:
            continue  # the descriptor of this listing
    return sum(target.name == NAME and folder in target.parents for target in targets)


def bodies(path: Path) -> list[Any]:
    return [record.body for record in JournalReader(path).read() if isinstance(record, Frame)]


def test_more_journals_than_open_files_are_all_appended_to_in_order(tmp_path: Path) -> None:
    pool = pool_of(tmp_path, 5)
    for number in range(3):
        for owner in range(1, 6):
            assert pool.append(owner, [{"kind": "x", "number": number}]) == number + 1
            assert open_files(tmp_path) <= 2
    pool.close()
    assert open_files(tmp_path) == 0
    for owner in range(1, 6):
        read = bodies(tmp_path / str(owner) / NAME)
        assert [body["number"] for body in read] == [0, 1, 2]


def test_a_forgotten_journal_begins_again_where_its_directory_was_removed(tmp_path: Path) -> None:
    pool = pool_of(tmp_path, 1)
    pool.append(1, [{"kind": "x"}])
    (tmp_path / "1" / NAME).unlink()
    pool.forget(1)
    assert pool.append(1, [{"kind": "y"}]) == 1
    pool.close()
    assert bodies(tmp_path / "1" / NAME) == [{"kind": "y"}]


def spec(run_id: int, **changes: Any) -> RunSpec:
    fields: dict[str, Any] = {"name": "a", "task": "t", "values": {}, "steps": 5, "seed": 0}
    return RunSpec(**{**fields, "id": run_id, "family_id": run_id, "created_at": "", **changes})


def test_a_specification_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = spec(7, values={"learning_rate": 0.1}, search={"id": 1, "number": 2, "round": 1})
    RUN_FILE.write(tmp_path / "runs", written)
    assert RUN_FILE.read(tmp_path / "runs" / "7") == written
    assert [path.name for path in (tmp_path / "runs" / "7").iterdir()] == ["run.json"]


def test_a_run_is_never_written_over_another_one(tmp_path: Path) -> None:
    RUN_FILE.write(tmp_path, spec(7, name="first"))
    with pytest.raises(FileExistsError):
        RUN_FILE.write(tmp_path, spec(7, name="second"))
    read = RUN_FILE.read(tmp_path / "7")
    assert isinstance(read, RunSpec)
    assert read.name == "first"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "it is missing"),
        ("{", "it cannot be read"),
        ("[]", "it cannot be read"),
        (json.dumps({"id": 7}), "it cannot be read"),
    ],
)
def test_a_specification_that_cannot_be_used_is_a_reason(
    tmp_path: Path, text: str | None, reason: str
) -> None:
    (tmp_path / "7").mkdir()
    if text is not None:
        (tmp_path / "7" / "run.json").write_text(text)
    assert RUN_FILE.read(tmp_path / "7") == reason


def test_a_specification_in_the_directory_of_another_run_is_not_used(tmp_path: Path) -> None:
    RUN_FILE.write(tmp_path, spec(7))
    (tmp_path / "7").rename(tmp_path / "8")
    assert RUN_FILE.read(tmp_path / "8") == "it belongs to run 7"


def test_only_directories_with_a_number_belong_to_a_run(tmp_path: Path) -> None:
    for name in ("10", "9", "trash", "²"):
        (tmp_path / name).mkdir()
    (tmp_path / "11").write_text("a file")
    assert [path.name for path in numbered_directories(tmp_path)] == ["9", "10"]
    assert highest_id(tmp_path) == 11, "an id that a file has is not given either"
    assert numbered_directories(tmp_path / "none") == []
    assert highest_id(tmp_path / "none") == 0
