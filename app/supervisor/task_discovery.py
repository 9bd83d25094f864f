"""Finds task files and has a child process describe each one, once for each content."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

from babysit.protocol.task_files import failed_description, task_files
from babysit.storage.atomic import write_atomic

from ..task_catalog import TaskCatalog
from .background_loop import BackgroundLoop
from .fork_client import ForkServerClient, ForkServerGone, child_environment

log = logging.getLogger(__name__)

DESCRIBED_WITHIN_S = 30.0
LOOK_EVERY_S = 2.0
FIRST = "spirals"  # the demo waits for it
FOLDER_FILES_MAX = 1_000  # that go into the fingerprint of a folder


class TaskDiscovery:
    """Keeps the catalog up to date with the files. One thread."""

    def __init__(
        self, folders: list[Path], cache: Path, catalog: TaskCatalog, fork_server: ForkServerClient
    ) -> None:
        self._folders = folders
        self._cache = cache
        self._catalog = catalog
        self._nursery = fork_server
        self._descriptions = _read_cache(cache)
        self._done: dict[str, str] = {}  # task name -> fingerprint described
        self._read: dict[Path, tuple[tuple[int, ...], bytes]] = {}
        self.loop = BackgroundLoop("tasks", self._describe_new)

    def start(self) -> None:
        """Add the cached descriptions at once; the others follow."""
        self._look(only_cached=True)
        self.loop.start()

    def close(self) -> None:
        """End soon. A description that takes long is not waited for."""
        self.loop.request_close()

    def _describe_new(self) -> float:
        self._look(only_cached=False)
        return LOOK_EVERY_S

    def _look(self, *, only_cached: bool) -> None:
        files = task_files(self._folders)
        prints = {name: self._fingerprint(file) for name, file in files.items()}
        self._catalog.expect(list(files))
        for name in sorted(files, key=lambda name: name != FIRST):
            if self.loop.is_closing:
                return
            if self._done.get(name) == prints[name]:
                continue
            description = self._descriptions.get(prints[name])
            if description is None:
                if only_cached:
                    continue
                description = self._describe(files[name])
                self._descriptions[prints[name]] = description
                if description.get("error") is None:  # an error may have been temporary
                    _write_cache(
                        self._cache,
                        {
                            key: self._descriptions[key]
                            for key in prints.values()
                            if key in self._descriptions
                        },
                    )
            self._done[name] = prints[name]
            self._catalog.add(name, description)

    def _fingerprint(self, file: Path) -> str:
        """Of all that a description can depend on; `code_sha256` covers no other file."""
        digest = hashlib.sha256(f"{file}\0{_versions()}".encode())
        for other in sorted(file.parent.rglob("*.py"))[:FOLDER_FILES_MAX]:
            try:
                digest.update(f"{other}\0".encode() + self._sha256(other))
            except OSError:
                continue
        return digest.hexdigest()

    def _sha256(self, file: Path) -> bytes:
        """The hash of a file, which is read again when its metadata has changed."""
        now = file.stat()
        about = (now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
        cached = self._read.get(file)
        if cached is None or cached[0] != about:
            cached = self._read[file] = about, hashlib.sha256(file.read_bytes()).digest()
        return cached[1]

    def _describe(self, file: Path) -> dict[str, Any]:
        self._nursery.ready.wait(DESCRIBED_WITHIN_S)
        try:
            return self._nursery.describe(file, DESCRIBED_WITHIN_S)
        except ForkServerGone:
            return _describe_cold(file)


def _versions() -> str:
    versions = []
    for package in ("babysit", "torch"):
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(package)
    return ", ".join(versions)


def _describe_cold(file: Path) -> dict[str, Any]:
    """Describe a file in its own process, without the fork server."""
    try:
        answer = subprocess.run(
            [sys.executable, "-m", "babysit.forkserver.describe", str(file)],
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=DESCRIBED_WITHIN_S,
            start_new_session=True,
            check=False,
        )
        description: dict[str, Any] = json.loads(answer.stdout)
        return description
    except subprocess.TimeoutExpired:
        error = "It took too long to load and build."
    except (OSError, ValueError):
        error = "The file ended the process that looked at it."
    return failed_description(file, error)


def _read_cache(path: Path) -> dict[str, dict[str, Any]]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_cache(path: Path, known: dict[str, dict[str, Any]]) -> None:
    try:
        write_atomic(path, json.dumps(known))
    except OSError as error:
        log.warning("cannot cache the task descriptions: %s", error)
