"""Writes tensors to a safetensors file straight from their memory, and hashes them on the way.

The file is the one that `safetensors.torch.save_file` writes, byte for byte. That function leaves
the hash to a second reading of the whole file.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import mmap
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

# In the order in which a file holds them: the widest first, so that each lies aligned.
DTYPES: dict[torch.dtype, str] = {
    torch.uint64: "U64",
    torch.int64: "I64",
    torch.float64: "F64",
    torch.complex64: "C64",
    torch.float32: "F32",
    torch.uint32: "U32",
    torch.int32: "I32",
    torch.bfloat16: "BF16",
    torch.float16: "F16",
    torch.uint16: "U16",
    torch.int16: "I16",
    torch.float8_e5m2fnuz: "F8_E5M2FNUZ",
    torch.float8_e4m3fnuz: "F8_E4M3FNUZ",
    torch.float8_e4m3fn: "F8_E4M3",
    torch.float8_e5m2: "F8_E5M2",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
ORDER = {dtype: place for place, dtype in enumerate(DTYPES)}
ALIGNMENT = 8  # bytes; of the first tensor
CHUNK_BYTES = 4 << 20  # written at once
DIRECT_BYTES_MIN = 16 << 20  # of a file that does not go through the page cache
HUGE_BYTES_MIN = 2 << 20


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """Write a new file, not yet synced.

    The bytes are hashed as they are handed to the system, not read back: a file that holds others
    differs from its hash when it is checked, which is before anything is loaded.

    Returns:
        The entry of the file in the manifest.

    Raises:
        ValueError: a tensor of this kind cannot be written.
        OSError: the disk is full or broken.
    """
    for name, tensor in tensors.items():
        if tensor.dtype not in DTYPES or not tensor.is_contiguous():
            kind = "contiguous" if tensor.dtype in DTYPES else f"of a known kind ({tensor.dtype})"
            raise ValueError(f"The tensor {name} is not {kind}.")
    named = sorted(tensors.items(), key=lambda item: (ORDER[item[1].dtype], item[0]))
    header = torch.frombuffer(_header(named), dtype=torch.uint8)
    size = header.nbytes + sum(tensor.nbytes for tensor in tensors.values())
    digest = hashlib.sha256()
    with _NewFile(path, size) as file:
        for chunk in _chunks([header, *(_bytes_of(tensor) for _, tensor in named)], size):
            memory = chunk.numpy().data
            digest.update(memory)
            file.write(memory)
    return {"bytes": size, "sha256": digest.hexdigest()}


def _chunks(parts: Iterable[Tensor], size: int) -> Iterator[Tensor]:
    """The bytes of all parts, in one buffer that is filled again and again."""
    buffer = torch.frombuffer(huge_memory(min(size, CHUNK_BYTES)), dtype=torch.uint8)
    filled = 0
    for part in parts:
        done = 0
        while done < part.numel():
            count = min(part.numel() - done, buffer.numel() - filled)
            buffer[filled : filled + count].copy_(part[done : done + count])
            done, filled = done + count, filled + count
            if filled == buffer.numel():
                yield buffer
                filled = 0
    if filled:
        yield buffer[:filled]


class _NewFile:
    """A file whose large part goes straight to the disk, where the file system can do that.

    It is not read again soon. Through the page cache it would take the place of data that are, and
    the copying there takes longer than the hashing.
    """

    def __init__(self, path: Path, size: int) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        self._is_direct = False
        if size >= DIRECT_BYTES_MIN:
            self._set_direct(True)

    def __enter__(self) -> _NewFile:
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._fd)

    def write(self, memory: memoryview) -> None:
        while memory:
            if self._is_direct and len(memory) != CHUNK_BYTES:  # the end of the file, or after a
                self._set_direct(False)  # short write: not whole blocks of the disk
            try:
                memory = memory[os.write(self._fd, memory) :]
            except OSError as error:
                if error.errno != errno.EINVAL or not self._is_direct:
                    raise
                self._set_direct(False)

    def _set_direct(self, direct: bool) -> None:
        with contextlib.suppress(AttributeError, OSError):  # Linux only; not each file system
            flags = fcntl.fcntl(self._fd, fcntl.F_GETFL) & ~os.O_DIRECT
            fcntl.fcntl(self._fd, fcntl.F_SETFL, flags | (os.O_DIRECT if direct else 0))
            self._is_direct = direct


def huge_memory(size: int) -> mmap.mmap:
    """New memory, in huge pages where there are some: fewer have to be cleared one by one."""
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if size >= HUGE_BYTES_MIN:
        with contextlib.suppress(AttributeError, OSError):  # Linux only; and not each kernel
            memory.madvise(mmap.MADV_HUGEPAGE)
    return memory


def memory_of(tensor: Tensor) -> memoryview | bytes:
    """The bytes of a tensor, without a copy where it already lies on the CPU."""
    return _bytes_of(tensor).numpy().data if tensor.numel() else b""


def _bytes_of(tensor: Tensor) -> Tensor:
    flat = tensor.detach().cpu().contiguous().view(-1)
    return flat.view(torch.uint8) if flat.numel() else flat


def _header(named: list[tuple[str, Tensor]]) -> bytearray:
    entries: dict[str, Any] = {}
    end = 0
    for name, tensor in named:
        begin, end = end, end + tensor.nbytes
        entries[name] = {
            "dtype": DTYPES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    return bytearray(len(text).to_bytes(8, "little") + text)
