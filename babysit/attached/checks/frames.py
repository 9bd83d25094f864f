"""What the frames of a script tell of its loop."""

from __future__ import annotations

import dis
import inspect
import os
import sysconfig
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

# What runs while a `break` or a `return` drops the iterator of a loop.
DROPS = frozenset({"POP_TOP", "POP_ITER", "END_FOR"})
OWN = f"{Path(__file__).parents[2]}{os.sep}"  # `run.enumerate` stands between, too
LIBRARIES = (OWN, *{sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib")})


def left_by_break(frame: FrameType | None) -> bool:
    """Whether a loop ends because the script left it; else an exception did that.

    A generator that is closed hears the same in both cases. frame: the one that closes it.
    """
    while frame is not None and frame.f_code.co_flags & inspect.CO_GENERATOR:
        if _instruction(frame) in DROPS:
            return True
        frame = frame.f_back  # a generator around the loop, such as a progress bar
    return frame is None or _instruction(frame) in DROPS


def _instruction(frame: FrameType) -> str:
    return dis.opname[frame.f_code.co_code[frame.f_lasti]]


def script_frame(frame: Any) -> Any:
    """The frame of the loop itself, where a library such as a progress bar stands in between; of a
    framework's loop, what stands for it.
    """
    if not isinstance(frame, FrameType):
        return frame
    found: FrameType | None = frame
    while found is not None and found.f_code.co_filename.startswith(LIBRARIES):
        found = found.f_back
    return frame if found is None else found


def is_own(code: CodeType) -> bool:
    """Whether code is ours, such as that of the loops of a run."""
    return code.co_filename.startswith(OWN)


def is_imported_by_child(frame: FrameType | None) -> bool:
    """Whether the script is only read again, by a process that it has started to load data."""
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_globals["__name__"] == "__mp_main__":
            return True
        frame = frame.f_back
    return False
