"""The end of a journal is found without reading what is in it, or else not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from babysit.storage.journal import JournalWriter, last_seq


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of three records."""
    writer = JournalWriter(tmp_path / "server.journal")
    for number in range(3):
        writer.append_event({"kind": "warned", "message": "x" * number})
    writer.close()
    return writer.path


def test_the_last_seq_is_found_by_the_headers(path: Path) -> None:
    assert last_seq(str(path)) == 3


def test_nothing_is_said_of_a_journal_with_a_torn_tail(path: Path) -> None:
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])

        found = last_seq(str(path))

        assert found is None or (found < 3 and JournalWriter(path).seq == found)


def test_nothing_is_said_of_a_journal_whose_last_record_is_damaged(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)

    assert last_seq(str(path)) is None


def test_nothing_is_said_of_a_journal_that_is_missing(tmp_path: Path) -> None:
    assert last_seq(str(tmp_path / "server.journal")) is None
