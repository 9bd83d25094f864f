"""Checkpoints: all that decides the future of a run, in safetensors and JSON, never pickle.

A checkpoint is a directory. It is written beside its place, hashed, synced and renamed, and only
then announced; a manifest with the SHA-256 of each file is checked before anything is loaded.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from babysit.storage.atomic import sync_file, sync_folder, temporary_path, write_new
from babysit.storage.journal import to_jsonable
from babysit.storage.manifest import (
    EXTRA,
    FORMAT,
    MANIFEST,
    MODEL,
    OPTIMIZER,
    RANDOM,
    STATE,
    Announced,
    CheckpointDamaged,
    check_manifest,
    file_entry,
    read_json,
)
from babysit.storage.regular_file import open_regular
from babysit.training.copies import Copies
from babysit.training.tensor_file import memory_of, write_tensors
from babysit.training.user_code.namespaces import is_of_network

HEADER_BYTES_MAX = 10_000_000  # of the names and shapes in front of the tensors

# Parts of the state that say where it was made, not what happens next: not in `state_sha256`.
# So does what an evaluation may change, too: the task's own state outside of its network.
INCIDENTAL = frozenset(
    {"run_id", "steps", "last_command_id", "best", "divergence", "made_with", "task_state"}
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a training between two steps, copied so that training may go on.

    model: parameters and buffers by name. optimizer: `<parameter>/<key>`. random: every generator.
    state: the JSON part: step, position, values, schedule, ramps, scheduled changes.
    extra: tensors of the task's own state that is in no `state_dict`; mostly empty.
    copies: the memory of the tensors, if it is to be used again.
    """

    model: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    random: dict[str, Tensor]
    state: dict[str, Any]
    extra: dict[str, Tensor] = field(default_factory=dict)
    copies: Copies = field(default_factory=Copies, compare=False, repr=False)

    @property
    def bytes(self) -> int:
        """Of its tensors; the rest is small."""
        parts = (self.model, self.optimizer, self.random, self.extra)
        return sum(tensor.nbytes for part in parts for tensor in part.values())

    def files(self) -> dict[str, dict[str, Tensor]]:
        """The tensors of each file."""
        files = {MODEL: self.model, OPTIMIZER: self.optimizer, RANDOM: self.random}
        return {**files, EXTRA: self.extra} if self.extra else files

    def weights_sha256(self) -> str:
        """Covers parameters and buffers in name order."""
        return str(_tensors_digest(self.model).hexdigest())

    def state_sha256(self) -> str:
        """Covers all that decides the future of the run; not wall time, not the machine."""
        return self.hashes()[1]

    def hashes(self) -> tuple[str, str]:
        """`weights_sha256` and `state_sha256`; the second one begins with all of the first one."""
        digest = _tensors_digest(self.model)
        weights = str(digest.hexdigest())
        for tensors in (self.optimizer, self.random):
            digest.update(_tensors_digest(tensors).digest())
        extra = {name: tensor for name, tensor in self.extra.items() if is_of_network(name)}
        if extra:
            digest.update(_tensors_digest(extra).digest())
        decisive = {name: value for name, value in self.state.items() if name not in INCIDENTAL}
        decisive["scheduled"] = [
            {key: change[key] for key in change if key not in ("command_id", "actor", "note")}
            for change in decisive["scheduled"]
        ]
        # Decides only how a further change acts; earlier versions did not have it.
        position = {key: decisive["position"][key] for key in decisive["position"]}
        position.pop("rebatched", None)
        decisive["position"] = position
        digest.update(canonical(decisive))
        return weights, str(digest.hexdigest())


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces: equal values give equal bytes."""
    return json.dumps(to_jsonable(value), sort_keys=True, separators=(",", ":")).encode()


def _tensors_digest(tensors: Mapping[str, Tensor]) -> Any:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name}\0{tensor.dtype}\0{tuple(tensor.shape)}\0".encode())
        digest.update(memory_of(tensor))
    return digest


def model_tensors(network: nn.Module) -> dict[str, Tensor]:
    """What the network's `state_dict` holds as dense tensors."""
    return {name: value for name, value in network.state_dict().items() if is_dense(value)}


def other_values(network: nn.Module) -> dict[str, Any]:
    """What else the network's `state_dict` holds: the extra state of modules is of any type."""
    return {name: value for name, value in network.state_dict().items() if not is_dense(value)}


def is_dense(value: Any) -> bool:
    return isinstance(value, Tensor) and value.layout is torch.strided


def fit(own: Any, saved: Any) -> bool:
    """Whether a saved value can take the place of the network's own."""
    if is_dense(own) and is_dense(saved):
        return bool(own.shape == saved.shape)
    return not is_dense(own) and not is_dense(saved)


def random_tensors() -> dict[str, Tensor]:
    """The state of every global generator: torch (CPU and CUDA), numpy, python."""
    _, keys, place, has_gauss, gauss = np.random.get_state()
    _, words, gauss_next = random.getstate()
    tensors = {
        "torch": torch.get_rng_state().clone(),
        "numpy": torch.from_numpy(np.asarray(keys).astype(np.int64)),
        "numpy_place": torch.tensor([place, has_gauss], dtype=torch.int64),
        "numpy_gauss": torch.tensor([gauss], dtype=torch.float64),
        "python": torch.tensor(words, dtype=torch.int64),
        "python_gauss": torch.tensor(
            [] if gauss_next is None else [gauss_next], dtype=torch.float64
        ),
    }
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        for device, state in enumerate(torch.cuda.get_rng_state_all()):
            tensors[f"cuda{device}"] = state.clone()
    return tensors


def restore_random(tensors: Mapping[str, Tensor]) -> None:
    """Put every generator back. Done last: building a network or a loader draws from them."""
    place, has_gauss = (int(number) for number in tensors["numpy_place"])
    keys = tensors["numpy"].numpy().astype(np.uint32)
    np.random.set_state(("MT19937", keys, place, has_gauss, float(tensors["numpy_gauss"])))
    gauss = tensors["python_gauss"]
    words = tuple(int(word) for word in tensors["python"])
    random.setstate((3, words, float(gauss) if gauss.numel() else None))
    torch.set_rng_state(tensors["torch"])
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        for device in range(torch.cuda.device_count()):
            if f"cuda{device}" in tensors:
                torch.cuda.set_rng_state(tensors[f"cuda{device}"], device)


@dataclass(frozen=True, slots=True)
class Written:
    """What the manifest of a finished checkpoint says."""

    directory: str
    bytes: int
    weights_sha256: str
    state_sha256: str


def write_checkpoint(
    checkpoints: Path, directory: str, snapshot: Snapshot, about: dict[str, Any]
) -> Written:
    """Write a checkpoint to `checkpoints/directory` so that it is there whole or not at all.

    Raises:
        OSError: it could not be written; nothing is left of it.
    """
    place = checkpoints / directory
    tmp_path = temporary_path(place)
    shutil.rmtree(tmp_path, ignore_errors=True)
    try:
        tmp_path.mkdir(parents=True)
        files = {
            name: write_tensors(tmp_path / name, tensors)
            for name, tensors in snapshot.files().items()
        }
        _write(tmp_path / STATE, snapshot.state)
        files[STATE] = file_entry(tmp_path / STATE)
        weights_sha256, state_sha256 = snapshot.hashes()
        manifest = {
            "format": FORMAT,
            **about,
            "step": snapshot.state["step"],
            "weights_sha256": weights_sha256,
            "state_sha256": state_sha256,
            "files": files,
        }
        _write(tmp_path / MANIFEST, manifest)
        for name in (*files, MANIFEST):
            sync_file(tmp_path / name)
        sync_folder(tmp_path)
        os.rename(tmp_path, place)
        tmp_path = place
        sync_folder(checkpoints)
    except BaseException:
        shutil.rmtree(tmp_path, ignore_errors=True)
        raise
    size = sum(entry["bytes"] for entry in files.values())
    return Written(directory, size, weights_sha256, state_sha256)


def _write(path: Path, content: dict[str, Any]) -> None:
    write_new(path, json.dumps(to_jsonable(content), indent=1), sync=False)  # with all the others


def load_checkpoint(directory: Path, announced: Announced | None = None) -> Snapshot:
    """The snapshot in a checkpoint whose files are all as its manifest says.

    announced: it must also be the one that this says; another one is not even hashed.

    Raises:
        CheckpointDamaged: something is missing or differs; the message says what.
    """
    manifest = check_manifest(directory, announced)
    try:
        has_extra = EXTRA in manifest["files"]
        for name in (MODEL, OPTIMIZER, RANDOM, *([EXTRA] if has_extra else [])):
            _check_header(directory / name)
        snapshot = Snapshot(
            model=load_file(directory / MODEL),
            optimizer=load_file(directory / OPTIMIZER),
            random=load_file(directory / RANDOM),
            state=read_json(directory / STATE),
            extra=load_file(directory / EXTRA) if has_extra else {},
        )
        if snapshot.state_sha256() != manifest["state_sha256"]:
            raise CheckpointDamaged("its files do not belong together")
    except (OSError, ValueError, KeyError, TypeError, RecursionError, SafetensorError) as error:
        raise CheckpointDamaged(f"it cannot be read: {error}") from error
    return snapshot


def _check_header(path: Path) -> None:
    with open_regular(path) as file:
        header = int.from_bytes(file.read(8), "little")
    if header > HEADER_BYTES_MAX:
        raise CheckpointDamaged(f"{path.name} names more tensors than a network has")
