"""The copy of a checkpoint in object storage: made, brought back, removed.

Below `runs/<run>/checkpoints/<directory>-<state>/` lie the files, each under its name and its
hash, and last `manifest.json`, which is only ever created: with it the copy is there, without it
nothing is. Two different files never have one name, so no upload can spoil another one's copy.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babysit.storage.atomic import sync_file, sync_folder, write_new
from babysit.storage.manifest import (
    EXTRA,
    FILES,
    FORMAT,
    JSON_BYTES_MAX,
    MANIFEST,
    STATE,
    Announced,
    CheckpointDamaged,
    check_manifest,
)
from babysit.storage.objects.storage import ObjectStorage

SHA256 = re.compile(r"[0-9a-f]{64}")


class NotStored(CheckpointDamaged):
    """There is no copy in the object storage."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Where the copy of a checkpoint is, or would be.

    directory: of the checkpoint on this machine.
    """

    directory: Path
    announced: Announced

    @property
    def prefix(self) -> str:
        run_id, name = self.directory.parent.parent.name, self.directory.name
        return f"runs/{run_id}/checkpoints/{name}-{self.announced.state_sha256[:16]}"

    @property
    def manifest_key(self) -> str:
        return f"{self.prefix}/{MANIFEST}"


def upload(storage: ObjectStorage, copy: Copy) -> None:
    """Copy a checkpoint to the object storage; what is there of it is not sent again.

    Raises:
        CheckpointDamaged: its files are not whole, or something else has its place.
        StorageUnavailable: it has to be tried again.
    """
    there = storage.read(copy.manifest_key, JSON_BYTES_MAX)
    if there is None:
        check_manifest(copy.directory, copy.announced, hashes=False)
        manifest = (copy.directory / MANIFEST).read_bytes()
        for name, entry in _entries(manifest, copy.announced).items():
            key = _key(copy, name, entry)
            if storage.size(key) != entry["bytes"]:
                path = copy.directory / name
                storage.put_file(key, path, entry["sha256"], entry["bytes"])
        if storage.create(copy.manifest_key, manifest):
            return
        there = storage.read(copy.manifest_key, JSON_BYTES_MAX) or b""
    _entries(there, copy.announced)


def read_state(storage: ObjectStorage, copy: Copy) -> dict[str, Any]:
    """The JSON part of a copy.

    Raises:
        CheckpointDamaged: it cannot be read.
        StorageUnavailable: it has to be tried again.
    """
    manifest = storage.read(copy.manifest_key, JSON_BYTES_MAX) or b""
    key = _key(copy, STATE, _entries(manifest, copy.announced)[STATE])
    try:
        state: dict[str, Any] = json.loads(storage.read(key, JSON_BYTES_MAX) or b"")
    except (ValueError, RecursionError) as error:
        raise CheckpointDamaged(f"{STATE} cannot be read") from error
    return state


def fetch(storage: ObjectStorage, copy: Copy) -> None:
    """Put the files of a checkpoint back where they were; there is all of it or nothing.

    Raises:
        NotStored: there is no copy.
        CheckpointDamaged: the copy is not the checkpoint that was announced.
        StorageUnavailable: it has to be tried again.
        OSError: it cannot be written.
    """
    manifest = storage.read(copy.manifest_key, JSON_BYTES_MAX)
    if manifest is None:
        raise NotStored("there is no copy of it")
    entries = _entries(manifest, copy.announced)
    place = copy.directory
    # Not in `checkpoints/`: a worker that begins removes there what no journal announces.
    tmp_path = place.parent.parent / f".fetched-{place.name}-{os.getpid()}-{threading.get_ident()}"
    shutil.rmtree(tmp_path, ignore_errors=True)
    tmp_path.mkdir(mode=0o700)
    try:
        write_new(tmp_path / MANIFEST, manifest, sync=True)
        for name, entry in entries.items():
            key = _key(copy, name, entry)
            storage.download(key, tmp_path / name, entry["sha256"], entry["bytes"])
            sync_file(tmp_path / name)
        check_manifest(tmp_path, copy.announced, hashes=False)
        sync_folder(tmp_path)
        _place(tmp_path, copy)
    finally:
        shutil.rmtree(tmp_path, ignore_errors=True)


def _place(tmp_path: Path, copy: Copy) -> None:
    """Rename it to its place; what is damaged there makes room."""
    place = copy.directory
    place.parent.mkdir(exist_ok=True, mode=0o700)
    damaged = tmp_path.with_name(f"{tmp_path.name}-damaged")
    with contextlib.suppress(CheckpointDamaged):
        check_manifest(place, copy.announced)
        return  # another process was faster
    with contextlib.suppress(FileNotFoundError):
        os.rename(place, damaged)
    try:
        os.rename(tmp_path, place)
        sync_folder(place.parent)
    finally:
        shutil.rmtree(damaged, ignore_errors=True)


def remove(storage: ObjectStorage, prefix: str) -> None:
    """Remove a copy, and what there is of an unfinished one: the manifest first.

    Raises:
        StorageUnavailable: it has to be tried again.
    """
    storage.delete(f"{prefix}/{MANIFEST}")
    for key in storage.keys_below(prefix):
        storage.delete(key)


def _key(copy: Copy, name: str, entry: dict[str, Any]) -> str:
    return f"{copy.prefix}/{entry['sha256'][:16]}-{name}"


def _entries(manifest: bytes, announced: Announced) -> dict[str, dict[str, Any]]:
    """The files that a manifest names, if it is that of the announced checkpoint."""
    try:
        content = json.loads(manifest)
        names = (*FILES, EXTRA) if EXTRA in content["files"] else FILES
        entries: dict[str, dict[str, Any]] = {
            name: {
                "bytes": int(content["files"][name]["bytes"]),
                "sha256": str(content["files"][name]["sha256"]),
            }
            for name in names
        }
        found = Announced(
            str(content["state_sha256"]), sum(entry["bytes"] for entry in entries.values())
        )
        if content["format"] != FORMAT or found != announced:
            raise CheckpointDamaged("it is not the one that was announced here")
        if not all(SHA256.fullmatch(entry["sha256"]) for entry in entries.values()):
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointDamaged("its manifest cannot be read") from error
    return entries
