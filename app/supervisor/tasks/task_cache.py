"""Descriptions of task files, and their cache on the disk."""

from __future__ import annotations

import importlib.metadata
import json
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babysit.storage.atomic import write_atomic

log = logging.getLogger(__name__)

RETRY_AFTER_S = 20.0  # a task that failed, and
RETRY_AFTER_TIMES = 20  # as many times as long as its last description took


@dataclass(slots=True)
class Described:
    """The newest description of a task file. Times are monotonic seconds.

    files: what it depends on, with hashes; at least the task file itself.
    """

    description: dict[str, Any]
    files: dict[str, str]
    ended_s: float = 0.0
    took_s: float = 0.0

    @property
    def is_failed(self) -> bool:
        return self.description.get("error") is not None

    def is_due(self) -> bool:
        """Whether a failed description is to be tried again: its cause may be gone."""
        waited_s = time.monotonic() - self.ended_s
        return self.is_failed and waited_s > RETRY_AFTER_S + RETRY_AFTER_TIMES * self.took_s


def read_cache(path: Path) -> dict[Path, Described]:
    """The descriptions of an earlier server, as far as they can be used."""
    try:
        cached = json.loads(path.read_text())
        versions = _versions()
        return {
            Path(name): Described(dict(entry["description"]), dict(entry["files"]))
            for name, entry in cached.items()
            if "files" in entry and entry["versions"] == versions
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def write_cache(path: Path, known: dict[Path, Described]) -> None:
    """Keep the descriptions without an error: an error may be temporary."""
    good = {
        str(file): {
            "versions": _versions(),
            "files": one.files,
            "description": one.description,
        }
        for file, one in known.items()
        if not one.is_failed and file.exists()
    }
    try:
        write_atomic(path, json.dumps(good))
    except OSError as error:
        log.warning("cannot cache the task descriptions: %s", error)


def _versions() -> str:
    versions = []
    for package in ("babysit", "torch"):
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(package)
    return ", ".join(versions)
