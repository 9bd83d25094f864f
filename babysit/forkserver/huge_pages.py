"""Keeps a process's memory in huge pages, so that forking it costs little.

A fork copies the table of the parent's pages, and the end of the child takes it apart again. With
torch loaded that is some 70,000 entries of 4 KiB; a huge page of 2 MiB needs one in place of 512.
"""

from __future__ import annotations

import ctypes
from pathlib import Path

HUGE = 2 * 1024 * 1024  # bytes; where huge pages are larger the kernel leaves the rest as it is
MADV_COLLAPSE = 25  # Linux 6.1; named in <linux/mman.h>


def use_huge_pages() -> int:
    """Gather this process's own memory in huge pages, once; what it asks for later is not touched.

    Returns:
        How many bytes the kernel was asked for and agreed to; 0 where it cannot.
    """
    try:
        ranges = own_ranges(Path("/proc/self/maps").read_text())
        madvise = ctypes.CDLL(None, use_errno=True).madvise
    except (OSError, AttributeError):  # not Linux
        return 0
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    # It refuses what nobody has written to yet, such as the stack of a thread.
    return sum(size for begin, size in ranges if madvise(begin, size, MADV_COLLAPSE) == 0)


def own_ranges(maps: str) -> list[tuple[int, int]]:
    """The whole huge pages in memory that is the process's alone and no file's: (address, bytes).

    maps: as in /proc/PID/maps.
    """
    found = []
    for line in maps.splitlines():
        span, permissions, _, _, _, *name = line.split(maxsplit=5)
        begin, end = (int(address, 16) for address in span.split("-"))
        first, last = -(-begin // HUGE) * HUGE, end // HUGE * HUGE
        if permissions == "rw-p" and name in ([], ["[heap]"]) and first < last:
            found.append((first, last - first))
    return found
