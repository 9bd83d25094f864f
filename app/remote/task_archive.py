"""The file of a task and its helper modules, as one archive for a worker elsewhere."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

FILES_MAX = 2_000
BYTES_MAX = 20_000_000
SKIPPED = ("__pycache__", "node_modules", "site-packages")
FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # so that equal files make equal archives


class TaskTooLarge(ValueError):
    """The folder of a task holds more Python than a task consists of."""


def task_archive(file: Path) -> bytes:
    """A ZIP file of the Python files in and below the folder of a task.

    Raises:
        TaskTooLarge: they are too many or too large.
        OSError: one cannot be read.
    """
    content, total = io.BytesIO(), 0
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, path in enumerate(sorted(_python_files(file.parent)), 1):
            data = path.read_bytes()
            total += len(data)
            if number > FILES_MAX or total > BYTES_MAX:
                raise TaskTooLarge(
                    f"The folder {file.parent.name} holds more than {FILES_MAX:,} Python files or "
                    f"{BYTES_MAX / 1e6:.0f} MB of them: put the task into a folder of its own."
                )
            name = path.relative_to(file.parent).as_posix()
            archive.writestr(zipfile.ZipInfo(name, FIXED_TIME), data)
    return content.getvalue()


def _python_files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in SKIPPED and name[0] != "."]
        for name in names:
            path = Path(parent, name)
            if name.endswith(".py") and name[0] != "." and path.is_file() and not path.is_symlink():
                yield path
