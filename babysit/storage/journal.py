"""The journal of a run: append-only frames, the only channel between server and worker.

A frame is `magic, length, CRC32C, seq, payload`; `seq` counts from 1 in each file. Two kinds of
payload exist: an event (a JSON object with a `kind`) and a block of points (series names once,
then columns of little-endian int64 steps and float64 values, so that NaN and infinities are exact).

Guarantees of the format:

- One flush is one `write(2)`. A failed or short write is cut off again, so that the file ends with
  a complete frame.
- A torn tail (the writer died during a write) is not an error: the reader stops before it.
- Damage in the middle is skipped and reported as a `Gap`; everything after it is read.
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from crc32c import crc32c
from numpy.typing import NDArray

from babysit.storage.append_file import AppendFile

MAGIC = b"\xb5JF1"
HEADER = struct.Struct("<4sIIQ")  # magic, payload length in bytes, CRC32C of seq and payload, seq
SEQ = struct.Struct("<Q")
PAYLOAD_BYTES_MAX = 16 * 1024 * 1024  # a larger length in a header is damage
READ_BYTES_MAX = 8 * 1024 * 1024  # of one read call; a long backlog takes several
LOOKED_AT_BYTES_MAX = 1024 * 1024  # of a journal whose end is looked for by the headers alone
EVENT, POINTS = b"E", b"P"

_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


@dataclass(frozen=True, slots=True)
class Points:
    """Values of several series at the same steps.

    names: S series names.
    steps: (N,) int64, ascending.
    values: (S, N) float64; may hold NaN and infinities.
    """

    names: tuple[str, ...]
    steps: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Frame:
    """One record: its number and its content."""

    seq: int
    body: dict[str, Any] | Points


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes in the middle of a journal that could not be read."""

    offset: int  # where the damage begins, bytes
    length: int  # bytes skipped
    seq_missing: int  # how many records were lost there


Record: TypeAlias = Frame | Gap


class DamagedPayload(ValueError):
    """A frame has a correct checksum, but its payload cannot be decoded."""


def to_jsonable(value: Any) -> Any:
    """A copy of a JSON-like value with non-finite floats as strings."""
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return "NaN"
        return "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: to_jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_jsonable(item) for item in value]
    return value


def parse_float(value: Any) -> float:
    """The float of a JSON number or of one of the three non-finite strings."""
    if isinstance(value, str):
        return _NON_FINITE[value]
    return float(value)


def encode_event(event: dict[str, Any]) -> bytes:
    text = json.dumps(
        to_jsonable(event), separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    # A lone surrogate cannot be encoded; it is escaped, so that the event is not lost.
    return EVENT + text.encode("utf-8", errors="backslashreplace")


def encode_points(points: Points) -> bytes:
    names = json.dumps(list(points.names)).encode()
    count = len(points.steps)
    return b"".join(
        (
            POINTS,
            struct.pack("<II", len(names), count),
            names,
            np.ascontiguousarray(points.steps, dtype="<i8").tobytes(),
            np.ascontiguousarray(points.values, dtype="<f8").tobytes(),
        )
    )


def decode(payload: bytes) -> dict[str, Any] | Points:
    """The content of a payload.

    Raises:
        DamagedPayload: it is neither an event nor a block of points.
    """
    try:
        if payload[:1] == EVENT:
            event = json.loads(payload[1:])
            if not isinstance(event, dict) or not isinstance(event.get("kind"), str):
                raise DamagedPayload("an event must be an object with a kind")
            return event
        if payload[:1] == POINTS:
            return _decode_points(payload)
    except (ValueError, struct.error, RecursionError) as error:
        raise DamagedPayload(str(error)) from error
    raise DamagedPayload(f"unknown payload kind {payload[:1]!r}")


def _decode_points(payload: bytes) -> Points:
    names_bytes, count = struct.unpack_from("<II", payload, 1)
    names = tuple(json.loads(payload[9 : 9 + names_bytes]))
    start = 9 + names_bytes
    if len(payload) != start + 8 * count * (1 + len(names)):
        raise DamagedPayload("a block of points has the wrong length")
    steps = np.frombuffer(payload, "<i8", count, start)
    values = np.frombuffer(payload, "<f8", count * len(names), start + 8 * count)
    return Points(names, steps, values.reshape(len(names), count))


def frame(seq: int, payload: bytes) -> bytes:
    checksum = crc32c(payload, crc32c(SEQ.pack(seq)))
    return HEADER.pack(MAGIC, len(payload), checksum, seq) + payload


class JournalWriter:
    """Appends frames to a journal file, which has one writer. Not thread-safe."""

    def __init__(self, path: Path) -> None:
        """Open or create the journal. A torn tail of an earlier writer is cut off."""
        self.path = path
        self.seq = 0  # of the last written frame
        self._file = AppendFile(path, self._find_end)
        self.is_deleted = self._file.is_deleted
        self.sync = self._file.sync
        self.close = self._file.close

    def _find_end(self, path: Path) -> int:
        reader = JournalReader(path)
        while reader.read():
            pass
        self.seq = reader.seq
        return reader.offset

    def append(self, payloads: Sequence[bytes]) -> int:
        """Write frames at once and return the seq of the last one. On failure nothing is written.

        Raises:
            OSError: the disk is full or broken. The file ends where it ended before.
        """
        frames = [frame(self.seq + place, payload) for place, payload in enumerate(payloads, 1)]
        self._file.append(b"".join(frames))
        self.seq += len(payloads)
        return self.seq

    def append_event(self, event: dict[str, Any]) -> int:
        return self.append([encode_event(event)])


class JournalReader:
    """Reads a journal that may still grow, from any frame on.

    `offset` and `seq` are the position of the reader. Pass them to continue from there later.
    """

    def __init__(self, path: Path, offset: int = 0, seq: int = 0) -> None:
        self.path = path
        self.offset = offset  # bytes; the next frame begins here
        self.seq = seq  # of the last frame read

    def read(self, bytes_max: int = READ_BYTES_MAX) -> list[Record]:
        """The records that were added since the last call; may be empty.

        A journal that does not exist yet has no records.
        """
        try:
            with self.path.open("rb", buffering=0) as file:
                size = os.fstat(file.fileno()).st_size
                if size <= self.offset:
                    return []
                data = os.pread(file.fileno(), bytes_max, self.offset)
                records, used = self._parse(data)
                if used == 0 and len(data) == bytes_max:
                    # A frame or a damaged part is larger than the window.
                    data = os.pread(file.fileno(), PAYLOAD_BYTES_MAX * 2, self.offset)
                    records, used = self._parse(data)
        except FileNotFoundError:
            return []
        self.offset += used
        return records

    def _parse(self, data: bytes) -> tuple[list[Record], int]:
        records: list[Record] = []
        place = 0
        while True:
            end = _frame_end(data, place)
            if end is not None:
                seq = HEADER.unpack_from(data, place)[3]
                records += self._records(data[place + HEADER.size : end], seq, place)
                place = end
                continue
            found = _next_frame(data, place + 1)
            if found is None:  # a torn tail, or a frame that is being written
                return records, place
            missing = max(0, HEADER.unpack_from(data, found)[3] - self.seq - 1)
            records.append(Gap(self.offset + place, found - place, missing))
            self.seq += missing
            place = found

    def _records(self, payload: bytes, seq: int, place: int) -> Iterable[Record]:
        if seq <= self.seq:  # the same bytes twice, as in a copied file
            return [Gap(self.offset + place, HEADER.size + len(payload), 0)]
        records: list[Record] = []
        if seq > self.seq + 1:
            records.append(Gap(self.offset + place, 0, seq - self.seq - 1))
        self.seq = seq
        try:
            records.append(Frame(seq, decode(payload)))
        except DamagedPayload:
            records.append(Gap(self.offset + place, HEADER.size + len(payload), 1))
        return records


def last_seq(path: str) -> int | None:
    """The seq of the last frame, by the headers and the checksum of the last frame alone.

    Returns:
        None if that is not enough: there is no file, it is large or damaged, or its end is torn.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        size = os.fstat(fd).st_size
        data = os.read(fd, size) if size <= LOOKED_AT_BYTES_MAX else b""
    except OSError:
        return None
    finally:
        os.close(fd)
    place, last, seq, end = 0, -1, 0, len(data)
    while place + HEADER.size <= end:
        magic, length, _, number = HEADER.unpack_from(data, place)
        if magic != MAGIC or number != seq + 1:
            return None
        place, last, seq = place + HEADER.size + length, place, number
    return seq if last >= 0 and place == end == _frame_end(data, last) else None


def _frame_end(data: bytes, place: int) -> int | None:
    """The end of the complete and undamaged frame at `place`, or None if there is none."""
    if place + HEADER.size > len(data):
        return None
    magic, length, checksum, seq = HEADER.unpack_from(data, place)
    end: int = place + HEADER.size + length
    if magic != MAGIC or length > PAYLOAD_BYTES_MAX or end > len(data):
        return None
    payload = data[place + HEADER.size : end]
    return end if crc32c(payload, crc32c(SEQ.pack(seq))) == checksum else None


def _next_frame(data: bytes, place: int) -> int | None:
    """The start of the next undamaged frame at or after `place`, or None."""
    while (place := data.find(MAGIC, place)) >= 0:
        if _frame_end(data, place) is not None:
            return place
        place += 1
    return None
