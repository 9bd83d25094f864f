"""The journal keeps every bit, survives a torn tail, and reports damage instead of hiding it."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from babysit.storage.journal import (
    DamagedPayload,
    Frame,
    Gap,
    JournalReader,
    JournalWriter,
    Points,
    Record,
    decode,
    encode_event,
    encode_points,
    parse_float,
    to_jsonable,
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
events = st.dictionaries(st.text(min_size=1), json_values, max_size=5).map(
    lambda event: {**event, "kind": "noted"}
)
ODD_FLOATS = [0.0, -0.0, float("inf"), float("-inf"), float("nan"), 5e-324, 1.7976931348623157e308]
bits = st.integers(0, 2**64 - 1) | st.sampled_from(
    [struct.unpack("<Q", struct.pack("<d", value))[0] for value in ODD_FLOATS]
)
# Hypothesis gives the same folder to every example: each writes a file of its own there.
each_example = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@st.composite
def blocks(draw: st.DrawFn) -> Points:
    names = draw(st.lists(st.text(), unique=True, max_size=4))
    steps = draw(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=6))
    values = [[draw(bits) for _ in steps] for _ in names]
    raw = np.array(values, dtype="<u8").reshape(len(names), len(steps))
    return Points(tuple(names), np.array(steps, dtype="<i8"), raw.view("<f8"))


def fresh(folder: Path) -> Path:
    path = folder / "a.journal"
    path.unlink(missing_ok=True)
    return path


def write(path: Path, *events: dict[str, Any]) -> list[int]:
    """Write each event in a frame of its own; where each frame begins, and the end, in bytes."""
    writer = JournalWriter(path)
    places = [path.stat().st_size]
    for event in events:
        writer.append_event(event)
        places.append(path.stat().st_size)
    writer.close()
    return places


def read_all(path: Path) -> list[Record]:
    reader, records = JournalReader(path), list[Record]()
    while more := reader.read():
        records += more
    return records


def numbered(count: int) -> list[dict[str, Any]]:
    return [{"kind": "noted", "place": place} for place in range(1, count + 1)]


def places_of(records: list[Record]) -> list[int]:
    return [
        record.body["place"]
        for record in records
        if isinstance(record, Frame) and isinstance(record.body, dict)
    ]


@given(event=events)
def test_an_event_comes_back_as_it_was(event: dict[str, Any]) -> None:
    assert decode(encode_event(event)) == event


@given(block=blocks())
def test_points_come_back_to_the_last_bit(block: Points) -> None:
    """NaN with its payload, both infinities, minus zero, subnormal numbers."""
    back = decode(encode_points(block))

    assert isinstance(back, Points)
    assert back.names == block.names
    assert back.steps.tolist() == block.steps.tolist()
    assert back.values.shape == block.values.shape
    assert back.values.tobytes() == block.values.tobytes()


@pytest.mark.parametrize(
    ("value", "word"), [(np.nan, "NaN"), (np.inf, "Infinity"), (-np.inf, "-Infinity")]
)
def test_a_number_that_is_none_is_a_word_on_the_wire(value: float, word: str) -> None:
    event = decode(encode_event({"kind": "noted", "values": [value, {"deep": value}]}))

    assert isinstance(event, dict)
    assert event["values"] == [word, {"deep": word}]


@given(value=st.floats())
def test_a_float_on_the_wire_keeps_its_value(value: float) -> None:
    event = decode(encode_event({"kind": "noted", "value": value}))

    assert isinstance(event, dict)
    assert event["value"] == to_jsonable(value)
    assert struct.pack("<d", parse_float(event["value"])) == struct.pack(
        "<d", value if value == value else float("nan")
    )


@pytest.mark.parametrize(
    "text", ["\ud800 alone", "\x00", "\u2028", "🐼", '"}{', "õJF1 looks like a frame"]
)
def test_odd_text_is_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.journal"
    write(path, {"kind": "noted", "text": text}, {"kind": "noted", "text": "next"})

    texts = [record.body["text"] for record in read_all(path)]  # type: ignore[union-attr,index]

    assert texts == [text, "next"]


@each_example
@given(sizes=st.lists(st.integers(0, 3), max_size=6))
def test_seq_counts_every_record_from_1(tmp_path: Path, sizes: list[int]) -> None:
    path = fresh(tmp_path)
    for size in sizes:  # another writer each time, as after a restart
        writer = JournalWriter(path)
        if size:
            writer.append([encode_event({"kind": "noted"})] * size)
        writer.close()

    seqs = [record.seq for record in read_all(path) if isinstance(record, Frame)]

    assert seqs == list(range(1, sum(sizes) + 1))


@each_example
@given(cut=st.integers(0, 10**6))
def test_a_torn_tail_is_no_error_and_the_rest_is_read(tmp_path: Path, cut: int) -> None:
    path = fresh(tmp_path)
    places = write(path, *numbered(5))
    cut %= places[-1] + 1
    os.truncate(path, cut)
    whole = sum(place <= cut for place in places[1:])

    records = read_all(path)

    assert places_of(records) == list(range(1, whole + 1))
    assert not [record for record in records if isinstance(record, Gap)]


@each_example
@given(cut=st.integers(0, 10**6))
def test_a_writer_goes_on_after_the_last_whole_record(tmp_path: Path, cut: int) -> None:
    path = fresh(tmp_path)
    places = write(path, *numbered(5))
    cut %= places[-1] + 1
    os.truncate(path, cut)
    whole = sum(place <= cut for place in places[1:])

    write(path, {"kind": "noted", "place": 99})

    records = read_all(path)
    assert places_of(records) == [*range(1, whole + 1), 99]
    assert not [record for record in records if isinstance(record, Gap)]
    assert [record.seq for record in records if isinstance(record, Frame)] == list(
        range(1, whole + 2)
    )


@each_example
@given(at=st.integers(0, 10**6), flip=st.integers(1, 255))
def test_one_bad_byte_costs_one_record_and_is_reported(tmp_path: Path, at: int, flip: int) -> None:
    path = fresh(tmp_path)
    places = write(path, *numbered(6))
    at %= places[5]  # not in the last frame: damage there is a torn tail
    data = bytearray(path.read_bytes())
    data[at] ^= flip
    path.write_bytes(data)
    hit = sum(place <= at for place in places)

    records = read_all(path)

    assert places_of(records) == [place for place in range(1, 7) if place != hit]
    gaps = [record for record in records if isinstance(record, Gap)]
    assert sum(gap.seq_missing for gap in gaps) == 1
    assert (gaps[0].offset, gaps[0].length) == (places[hit - 1], places[hit] - places[hit - 1])


@each_example
@given(first=st.integers(0, 3), count=st.integers(1, 3))
def test_a_hole_is_reported_with_how_many_are_missing(
    tmp_path: Path, first: int, count: int
) -> None:
    path = fresh(tmp_path)
    places = write(path, *numbered(7))
    data = path.read_bytes()
    path.write_bytes(data[: places[first]] + data[places[first + count] :])

    records = read_all(path)

    assert places_of(records) == [*range(1, first + 1), *range(first + count + 1, 8)]
    assert sum(gap.seq_missing for gap in records if isinstance(gap, Gap)) == count


@each_example
@given(start=st.integers(0, 4), count=st.integers(1, 3))
def test_records_that_come_twice_are_read_once(tmp_path: Path, start: int, count: int) -> None:
    path = fresh(tmp_path)
    places = write(path, *numbered(5))
    data = path.read_bytes()
    again = data[places[start] : places[min(5, start + count)]]
    path.write_bytes(data + again)

    assert places_of(read_all(path)) == [1, 2, 3, 4, 5]
    write(path, {"kind": "noted", "place": 6})
    assert places_of(read_all(path)) == [1, 2, 3, 4, 5, 6]


@each_example
@given(data=st.data())
def test_a_growing_journal_is_read_in_any_portions(tmp_path: Path, data: st.DataObject) -> None:
    """A reader gives back its place, and another one goes on from there."""
    path = fresh(tmp_path)
    write(path, *numbered(6))
    whole = path.read_bytes()
    path.unlink()
    reader, records, size = JournalReader(path), list[Record](), 0
    assert reader.read() == []  # it is not there yet

    while size < len(whole):
        size = data.draw(st.integers(size + 1, len(whole)))
        path.write_bytes(whole[:size])
        records += reader.read()
        reader = JournalReader(path, reader.offset, reader.seq)

    assert places_of(records) == [1, 2, 3, 4, 5, 6]
    assert not [record for record in records if isinstance(record, Gap)]


@given(payload=st.binary(max_size=60))
def test_a_payload_that_says_nothing_is_damage_and_nothing_else(payload: bytes) -> None:
    try:
        found = decode(payload)
    except DamagedPayload:
        return
    assert isinstance(found, (dict, Points))


def test_a_frame_larger_than_one_read_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    write(path, *numbered(2), {"kind": "noted", "place": 3, "text": "x" * 5000}, *numbered(1))

    reader, records = JournalReader(path), list[Record]()
    while more := reader.read(bytes_max=100):
        records += more

    assert places_of(records) == [1, 2, 3, 1]


def test_a_write_that_fails_leaves_the_journal_as_it_was(tmp_path: Path) -> None:
    """`/dev/full` takes nothing; a limit on the size of files takes a part."""
    path = tmp_path / "a.journal"
    script = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from babysit.storage.journal import JournalWriter\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "writer = JournalWriter(Path(sys.argv[1]))\n"
        "writer.append_event({'kind': 'noted', 'place': 1})\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200, resource.RLIM_INFINITY))\n"
        "try:\n"
        "    writer.append_event({'kind': 'noted', 'place': 2, 'text': 'x' * 1000})\n"
        "except OSError:\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)\n"
        "    writer.append_event({'kind': 'noted', 'place': 3})\n"
    )

    subprocess.run([sys.executable, "-c", script, str(path)], check=True, timeout=60)

    records = read_all(path)
    assert places_of(records) == [1, 3]
    assert [record.seq for record in records if isinstance(record, Frame)] == [1, 2]


def test_a_journal_whose_path_leads_to_another_file_counts_as_deleted(tmp_path: Path) -> None:
    """Its directory was removed, moved, or replaced by a backup: no server will read it."""
    (tmp_path / "run").mkdir()
    writer = JournalWriter(tmp_path / "run" / "attempt-0001.journal")
    assert not writer.is_deleted()

    (tmp_path / "run").rename(tmp_path / "moved")
    assert writer.is_deleted()

    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "attempt-0001.journal").touch()
    assert writer.is_deleted()
    writer.close()
