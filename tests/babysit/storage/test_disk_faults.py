"""Each call to the disk may fail or be the last one: what was said to be kept is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from babysit.storage.journal import Frame, JournalReader, JournalWriter
from babysit.storage.manifest import CheckpointDamaged
from babysit.training.checkpoint import (
    Snapshot,
    load_checkpoint,
    write_checkpoint,
)
from tests.babysit.disk_faults import HOW, Disk, How, failing

CALLS_MAX = 100  # more than any of these needs: the tests fail if they are not enough
EVENTS = 6


def snapshot_of(step: int) -> Snapshot:
    weights = {"weight": torch.full((40, 40), float(step)), "running_mean": torch.ones(40)}
    state = {"step": step, "scheduled": [], "position": {}, "values": {"learning_rate": 0.1}}
    return Snapshot(
        weights, {"weight/exp_avg": torch.ones(40, 40)}, {"torch": torch.ones(9)}, state
    )


def tried(folder: Path, how: How, trial: Callable[[Path, Disk], None]) -> int:
    """Do it with the first call failing, then the second, until none fails any more; how often."""
    for at in range(1, CALLS_MAX):
        place = folder / f"{how}-{at}"
        place.mkdir()
        with failing(at, how) as disk:
            trial(place, disk)
        if not disk.was_reached:
            return at - 1
    raise AssertionError(f"more than {CALLS_MAX} calls")


@pytest.mark.parametrize("power", ["stays", "is cut"])
@pytest.mark.parametrize("how", HOW)
def test_a_checkpoint_is_there_whole_or_not_at_all(tmp_path: Path, how: How, power: str) -> None:
    told: dict[Path, list[str]] = {}
    disks: dict[Path, Disk] = {}

    def save_two(place: Path, disk: Disk) -> None:
        disks[place] = disk
        told[place] = []
        for step in (1, 2):
            try:
                write_checkpoint(place, str(step), snapshot_of(step), {"id": step})
            except OSError:
                continue
            told[place].append(str(step))

    trials = tried(tmp_path, how, save_two)

    assert trials >= 30
    for place, names in told.items():
        if power == "is cut":
            disks[place].cut_power(place)
        for name in names:
            assert load_checkpoint(place / name).state["step"] == int(name), (place, name)
        for path in place.iterdir():
            if not path.name.startswith(".") and path.name not in names and power == "stays":
                assert load_checkpoint(path).state["step"] == int(path.name)
        if how != "kill" and power == "stays":  # whoever lives on leaves nothing lying about
            assert {path.name for path in place.iterdir()} == set(names)


@pytest.mark.parametrize("power", ["stays", "is cut"])
@pytest.mark.parametrize("how", HOW)
def test_what_a_journal_synced_is_read_again(tmp_path: Path, how: How, power: str) -> None:
    written: dict[Path, list[int]] = {}
    kept: dict[Path, int] = {}
    disks: dict[Path, Disk] = {}

    def write_events(place: Path, disk: Disk) -> None:
        disks[place], written[place], kept[place] = disk, [], 0
        writer = None
        for number in range(1, EVENTS + 1):
            try:
                writer = writer or JournalWriter(place / "a.journal")
                writer.append_event({"kind": "noted", "number": number})
                written[place].append(number)
                if number % 2 == 0:
                    writer.sync()
                    kept[place] = len(written[place])
            except OSError:
                continue
        if writer is not None:
            writer.close()

    trials = tried(tmp_path, how, write_events)

    assert trials >= 10
    for place, numbers in written.items():
        if power == "is cut":
            disks[place].cut_power(place)
        reader = JournalReader(place / "a.journal")
        records = reader.read()
        frames = [record for record in records if isinstance(record, Frame)]
        assert len(frames) == len(records), place
        found = [frame.body["number"] for frame in frames if isinstance(frame.body, dict)]
        assert found == numbers[: len(found)], place
        assert [frame.seq for frame in frames] == list(range(1, len(frames) + 1))
        assert len(found) >= kept[place], place
        JournalWriter(place / "a.journal").close()  # another one goes on from there


@pytest.mark.parametrize("drawn", range(10))
def test_a_damaged_checkpoint_never_loads(tmp_path: Path, drawn: int) -> None:
    """100 drawn damages each: a bit, a cut, a hole, a doubled part, two files changed round."""
    generator = torch.Generator().manual_seed(drawn)

    def pick(n: int) -> int:
        return int(torch.randint(n, (1,), generator=generator))

    write_checkpoint(tmp_path, "1", snapshot_of(1), {"id": 1})
    write_checkpoint(tmp_path, "2", snapshot_of(2), {"id": 2})
    sound = {path: path.read_bytes() for path in sorted((tmp_path / "1").iterdir())}
    others = {path.name: path.read_bytes() for path in (tmp_path / "2").iterdir()}
    names = [path for path in sound if path.name != "manifest.json"]
    for _ in range(100):
        path = names[pick(len(names))]
        data = bytearray(sound[path])
        kind, place = pick(5), pick(len(data))
        if kind == 0:
            data[place] ^= 1 << pick(8)
        elif kind == 1:
            del data[place:]
        elif kind == 2:
            data[place : place + 16] = bytes(len(data[place : place + 16]))
        elif kind == 3:
            data[place:place] = data[place : place + 16] or b"\0"
        else:
            data = bytearray(others[path.name])
        if bytes(data) == sound[path]:
            continue
        path.write_bytes(data)
        with pytest.raises(CheckpointDamaged):
            load_checkpoint(tmp_path / "1")
        path.write_bytes(sound[path])
    load_checkpoint(tmp_path / "1")
