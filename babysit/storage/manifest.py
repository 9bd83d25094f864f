"""The manifest of a checkpoint: its files, and the check that they are unchanged.

Worker and server use the same check, so that they agree on which checkpoints can be used.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babysit.storage.regular_file import NotARegularFile, check_folder, open_regular

FORMAT = 1
MANIFEST, STATE = "manifest.json", "state.json"
MODEL, OPTIMIZER, RANDOM = "model.safetensors", "optimizer.safetensors", "random.safetensors"
FILES = (MODEL, OPTIMIZER, RANDOM, STATE)
EXTRA = "extra.safetensors"  # only if the task keeps tensors that are in no `state_dict`
JSON_BYTES_MAX = 10_000_000  # of the manifest and of the state


class CheckpointDamaged(Exception):
    """A checkpoint is missing or incomplete, or differs from its manifest."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What the event `checkpoint_saved` recorded of a checkpoint."""

    state_sha256: str
    bytes: int


def file_entry(path: Path) -> dict[str, Any]:
    """The entry of a file in the manifest."""
    with open_regular(path) as file:
        digest = hashlib.file_digest(file, "sha256")
        return {"bytes": file.tell(), "sha256": digest.hexdigest()}


def check_manifest(
    directory: Path, announced: Announced | None = None, *, hashes: bool = True
) -> dict[str, Any]:
    """The manifest of a checkpoint, after all its files were compared with it.

    announced: the checkpoint must be this one; the files of another one are not hashed.
    hashes: compare each file with its SHA-256, not only its size.

    Raises:
        CheckpointDamaged: a file is missing or differs; the message says which.
    """
    try:
        check_folder(directory)
        manifest: dict[str, Any] = read_json(directory / MANIFEST)
        if manifest["format"] != FORMAT:
            raise CheckpointDamaged(f"its format is {manifest['format']}, not {FORMAT}")
        names = (*FILES, EXTRA) if EXTRA in manifest["files"] else FILES
        files = {name: manifest["files"][name] for name in names}
        size = sum(entry["bytes"] for entry in files.values())
        if announced is not None and announced != Announced(manifest["state_sha256"], size):
            raise CheckpointDamaged("it is not the one that was announced here")
        for name, entry in files.items():
            _check_file(directory / name, entry, hashes=hashes)
    except FileNotFoundError as error:
        raise CheckpointDamaged(f"{Path(str(error.filename)).name} is missing") from error
    except NotARegularFile as error:
        raise CheckpointDamaged(str(error)) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointDamaged("its manifest cannot be read") from error
    return manifest


def _check_file(path: Path, entry: dict[str, Any], *, hashes: bool) -> None:
    with open_regular(path) as file:
        # First: a sparse file can be larger than any disk, and hashing it would not end.
        if os.fstat(file.fileno()).st_size != entry["bytes"]:
            raise CheckpointDamaged(f"{path.name} has the wrong size")
        if hashes and hashlib.file_digest(file, "sha256").hexdigest() != entry["sha256"]:
            raise CheckpointDamaged(f"{path.name} differs from its checksum")


def read_json(path: Path) -> Any:
    """The content of a small JSON file.

    Raises:
        OSError, ValueError, RecursionError, NotARegularFile: it cannot be read.
    """
    with open_regular(path, JSON_BYTES_MAX) as file:
        return json.loads(file.read())
