"""Moves the memory of a process into huge pages, so that a fork takes less time.

A fork copies the page table of the parent, and the end of the child frees the copy. With torch
loaded the table has some 70,000 entries for pages of 4 KiB; a huge page of 2 MiB replaces 512.
"""

from __future__ import annotations

import ctypes
from pathlib import Path

HUGE = 2 * 1024 * 1024  # bytes; a kernel with larger huge pages does nothing for such a range
MADV_COLLAPSE = 25  # since Linux 6.1, from <linux/mman.h>


def use_huge_pages() -> int:
    """Move the memory that this process has now into huge pages.

    Returns:
        The bytes of the ranges that the kernel accepted; 0 where it has no such function.
    """
    try:
        ranges = own_ranges(Path("/proc/self/maps").read_text())
        madvise = ctypes.CDLL(None, use_errno=True).madvise
    except (OSError, AttributeError):  # not Linux
        return 0
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    # The kernel refuses memory that was never written, such as the stack of a thread.
    return sum(size for begin, size in ranges if madvise(begin, size, MADV_COLLAPSE) == 0)


def own_ranges(maps: str) -> list[tuple[int, int]]:
    """The huge pages within private memory without a file: (address, bytes) of each range.

    maps: the content of /proc/PID/maps.
    """
    found = []
    for line in maps.splitlines():
        span, permissions, _, _, _, *name = line.split(maxsplit=5)
        begin, end = (int(address, 16) for address in span.split("-"))
        first, last = -(-begin // HUGE) * HUGE, end // HUGE * HUGE
        if permissions == "rw-p" and name in ([], ["[heap]"]) and first < last:
            found.append((first, last - first))
    return found
