"""What every object storage must do with the copy of a checkpoint: a folder, and S3."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from babysit.storage.manifest import FILES, MANIFEST, CheckpointDamaged, check_manifest
from babysit.storage.objects.copies import Copy, NotStored, fetch, remove, upload
from babysit.storage.objects.restoring import bring_back, replace_damaged
from babysit.storage.objects.storage import ObjectStorage

MODEL = FILES[0]

pytestmark = pytest.mark.xdist_group("s3")  # one server for all


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def key_of(storage: ObjectStorage, copy: Copy, name: str) -> str:
    return next(key for key in storage.keys_below(copy.prefix) if key.endswith(f"-{name}"))


def flip_last(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def put_anew(storage: ObjectStorage, key: str, content: bytes) -> None:
    storage.delete(key)
    storage.create(key, content)


def test_a_checkpoint_that_is_gone_comes_back_byte_for_byte(
    storage: ObjectStorage, copy: Copy
) -> None:
    before = contents(copy.directory)
    upload(storage, copy)
    shutil.rmtree(copy.directory)

    fetch(storage, copy)

    assert contents(copy.directory) == before
    assert [path.name for path in (copy.directory.parent.parent).iterdir()] == ["checkpoints"]


def test_a_large_file_comes_back_from_its_parts(storage: ObjectStorage, large: Copy) -> None:
    before = contents(large.directory)
    upload(storage, large)
    shutil.rmtree(large.directory)

    fetch(storage, large)

    assert contents(large.directory) == before


def test_a_large_file_that_is_damaged_leaves_no_parts(storage: ObjectStorage, large: Copy) -> None:
    flip_last(large.directory / MODEL)

    with pytest.raises(CheckpointDamaged, match="differs from its checksum"):
        upload(storage, large)

    assert not any(key.endswith(MODEL) for key in storage.keys_below(large.prefix))


def test_a_copy_is_there_when_its_manifest_is(storage: ObjectStorage, copy: Copy) -> None:
    upload(storage, copy)
    storage.delete(copy.manifest_key)
    shutil.rmtree(copy.directory)

    with pytest.raises(NotStored):
        fetch(storage, copy)

    assert not copy.directory.exists()


def test_what_is_damaged_here_makes_room_for_the_copy(storage: ObjectStorage, copy: Copy) -> None:
    upload(storage, copy)
    (copy.directory / MODEL).write_bytes(b"rotten")

    fetch(storage, copy)

    check_manifest(copy.directory, copy.announced)
    assert [path.name for path in copy.directory.parent.iterdir()] == ["500"]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda content: content[:-1] + bytes([content[-1] ^ 1]), "differs from its checksum"),
        (lambda content: content[:-1], "has the wrong size"),
        (lambda content: None, "is missing"),
    ],
)
def test_a_copy_that_does_not_match_is_refused_and_nothing_is_placed(
    storage: ObjectStorage, copy: Copy, damage: object, said: str
) -> None:
    upload(storage, copy)
    key = key_of(storage, copy, MODEL)
    content = damage((copy.directory / MODEL).read_bytes())  # type: ignore[operator]
    storage.delete(key)
    if content is not None:
        storage.create(key, content)
    shutil.rmtree(copy.directory)

    with pytest.raises(CheckpointDamaged, match=f"{MODEL} {said}"):
        fetch(storage, copy)

    assert not copy.directory.exists()
    assert [path.name for path in (copy.directory.parent.parent).iterdir()] == ["checkpoints"]


@pytest.mark.parametrize("manifest", [b"", b"[]", b'{"format": 1, "files": {}}', b"\xff" * 100])
def test_a_manifest_that_cannot_be_read_is_refused(
    storage: ObjectStorage, copy: Copy, manifest: bytes
) -> None:
    upload(storage, copy)
    put_anew(storage, copy.manifest_key, manifest)
    shutil.rmtree(copy.directory)

    with pytest.raises(CheckpointDamaged, match="manifest cannot be read"):
        fetch(storage, copy)


def test_the_copy_of_another_checkpoint_is_refused(
    storage: ObjectStorage, copy: Copy, tmp_path: Path
) -> None:
    upload(storage, copy)
    text = (copy.directory / MANIFEST).read_text()
    other = text.replace(copy.announced.state_sha256, "0" * 64)
    put_anew(storage, copy.manifest_key, other.encode())

    for act in (upload, fetch):
        with pytest.raises(CheckpointDamaged, match="not the one that was announced"):
            act(storage, copy)


def test_a_damaged_checkpoint_is_not_copied(storage: ObjectStorage, copy: Copy) -> None:
    flip_last(copy.directory / MODEL)

    with pytest.raises(CheckpointDamaged, match="differs from its checksum"):
        upload(storage, copy)

    assert storage.size(copy.manifest_key) is None
    assert not any(key.endswith(MODEL) for key in storage.keys_below(copy.prefix))


def test_what_was_sent_before_is_not_sent_again(
    storage: ObjectStorage, copy: Copy, tmp_path: Path
) -> None:
    upload(storage, copy)
    storage.delete(copy.manifest_key)  # as if the server was killed just before it
    (copy.directory / MODEL).rename(tmp_path / MODEL)
    (copy.directory / MODEL).write_bytes(bytes((tmp_path / MODEL).stat().st_size))

    upload(storage, copy)  # it would notice what this file is now

    shutil.rmtree(copy.directory)
    fetch(storage, copy)
    assert (copy.directory / MODEL).read_bytes() == (tmp_path / MODEL).read_bytes()


def test_a_complete_copy_stays_as_it_is(storage: ObjectStorage, copy: Copy) -> None:
    upload(storage, copy)
    shutil.rmtree(copy.directory)

    upload(storage, copy)

    assert storage.size(copy.manifest_key)


def test_a_removed_copy_leaves_nothing(storage: ObjectStorage, copy: Copy) -> None:
    upload(storage, copy)
    remove(storage, copy.prefix)
    remove(storage, copy.prefix)

    assert storage.keys_below("") == []


def test_a_copy_that_is_made_anew_is_the_same(storage: ObjectStorage, copy: Copy) -> None:
    upload(storage, copy, resumes=False)
    keys = storage.keys_below("")
    upload(storage, copy, resumes=False)

    shutil.rmtree(copy.directory)
    fetch(storage, copy)

    assert sorted(storage.keys_below("")) == sorted(keys)


def test_a_name_is_given_once(storage: ObjectStorage) -> None:
    assert storage.create("a/b", b"first")
    assert not storage.create("a/b", b"second")
    assert storage.read("a/b", 100) == b"first"


def test_a_checkpoint_is_brought_back_by_the_address_in_the_environment(
    storage: ObjectStorage, copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(storage, copy)
    shutil.rmtree(copy.directory)
    error = CheckpointDamaged("manifest.json is missing")
    with pytest.raises(CheckpointDamaged, match=r"^manifest\.json is missing$"):
        replace_damaged(copy.directory, copy.announced, error)
    monkeypatch.setenv("BABYSIT_STORAGE", storage.address)

    replace_damaged(copy.directory, copy.announced, error)

    check_manifest(copy.directory, copy.announced)
    assert not bring_back(copy.directory, None)
