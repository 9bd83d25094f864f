"""A process whose memory is gathered in huge pages keeps what is in it, and forks for less."""

from __future__ import annotations

import ctypes
import json
import mmap
import subprocess
import sys

from babysit.forkserver.huge_pages import HUGE, MADV_COLLAPSE, own_ranges

MIB = 1024 * 1024

GATHERS = """
import hashlib, json, os, random
from pathlib import Path
from babysit.forkserver.huge_pages import use_huge_pages

def huge_bytes():
    rollup = Path("/proc/self/smaps_rollup").read_text()
    return int(rollup.partition("AnonHugePages:")[2].split()[0]) * 1024

held = [random.Random(number).randbytes(4096) for number in range(16_384)]  # 64 MiB
before, digest = huge_bytes(), hashlib.sha256(b"".join(held)).hexdigest()
agreed = use_huge_pages()
same = hashlib.sha256(b"".join(held)).hexdigest() == digest
child = os.fork()
if child == 0:
    held[0] = b""
    alike = hashlib.sha256(b"".join(held[1:])).hexdigest()
    os._exit(alike != hashlib.sha256(b"".join(
        random.Random(number).randbytes(4096) for number in range(1, 16_384))).hexdigest())
exited = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(json.dumps([agreed, huge_bytes() - before, same, exited]))
"""


def kernel_gathers() -> bool:
    """Asked of the kernel itself, about memory that is certainly whole and written to."""
    memory = mmap.mmap(-1, 4 * HUGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.write(b"x" * len(memory))
    view = (ctypes.c_char * len(memory)).from_buffer(memory)
    begin = -(-ctypes.addressof(view) // HUGE) * HUGE
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return bool(madvise(begin, HUGE, MADV_COLLAPSE) == 0)


def test_memory_is_gathered_where_the_kernel_can_and_nothing_in_it_changes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", GATHERS], capture_output=True, text=True, check=True, timeout=120
    )
    agreed, grown, same, exited = json.loads(done.stdout)
    assert same, "the bytes are as they were"
    assert exited == 0, "a fork sees them too"
    if kernel_gathers():
        assert agreed >= 48 * MIB, "most of 64 MiB lies in whole huge pages"
        assert grown >= 48 * MIB
    else:
        assert agreed == grown == 0


def test_only_memory_of_the_process_alone_is_asked_for() -> None:
    maps = """\
55d0c0000000-55d0c0500000 rw-p 00000000 00:00 0                          [heap]
7f0000001000-7f0000600000 rw-p 00000000 00:00 0
7f1000000000-7f1000600000 r--p 00000000 00:00 0
7f2000000000-7f2000600000 rw-s 00000000 00:01 7                          /dev/zero (deleted)
7f3000000000-7f3000600000 rw-p 00000000 fe:00 99                         /usr/lib/a library.so
7f4000000000-7f4000600000 rw-p 00000000 00:00 0                          [stack]
"""
    assert own_ranges(maps) == [(0x55D0C0000000, 4 * MIB), (0x7F0000200000, 4 * MIB)]


def test_what_holds_no_whole_huge_page_is_left_alone() -> None:
    assert own_ranges("7f0000001000-7f00003ff000 rw-p 00000000 00:00 0 \n") == []
