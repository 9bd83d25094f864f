"""Files of tensors: those that safetensors writes, byte for byte, with their hash."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save
from torch import Tensor

from babysit.training.tensor_file import CHUNK_BYTES, DIRECT_BYTES_MIN, DTYPES, write_tensors

WIDE = CHUNK_BYTES // 4 + 1
OF_EACH_KIND = {
    f"{place} {dtype}": torch.arange(8 * dtype.itemsize, dtype=torch.uint8).view(dtype)
    for place, dtype in enumerate(DTYPES)
    if dtype != torch.bool
}
CASES: dict[str, dict[str, Tensor]] = {
    "of each kind": {**OF_EACH_KIND, "flags": torch.tensor([True, False])},
    "without any": {},
    "odd names": {'q"\\\n\x01\x7fé\u2028😀/': torch.ones(3), "": torch.ones(1), "Z": torch.ones(2)},
    "odd shapes": {"one": torch.tensor(1.0), "none": torch.zeros(0, 3), "n": torch.tensor(7)},
    "large ones between small ones": {
        "a": torch.randn(3),
        "b": torch.randn(WIDE),
        "c": torch.randn(5),
        "d": torch.randn(2, WIDE),
        "counts": torch.arange(WIDE),
    },
    "past the page cache": {"a": torch.randn(DIRECT_BYTES_MIN // 4), "b": torch.randn(3)},
}


@pytest.mark.parametrize("case", CASES)
def test_a_file_of_tensors_is_the_one_that_safetensors_writes(tmp_path: Path, case: str) -> None:
    entry = write_tensors(tmp_path / "file", CASES[case])

    content = (tmp_path / "file").read_bytes()
    assert content == save(CASES[case])
    assert entry == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def test_a_file_system_in_memory_gets_the_same_file() -> None:
    """It takes the flag, or refuses it, by version; neither loses a byte."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        tensors = CASES["past the page cache"]
        write_tensors(Path(folder) / "file", tensors)

        assert (Path(folder) / "file").read_bytes() == save(tensors)


@pytest.mark.parametrize(
    ("tensor", "what"),
    [
        (torch.ones(2, 3).t(), "w is not contiguous"),
        (torch.ones(2, dtype=torch.complex128), "w is not of a known kind"),
    ],
)
def test_a_tensor_that_no_file_can_hold_is_named(tmp_path: Path, tensor: Tensor, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        write_tensors(tmp_path / "file", {"w": tensor})
