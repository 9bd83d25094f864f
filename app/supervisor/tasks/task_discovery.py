"""Finds task files and has a child process describe each one, again when a file has changed.

Tasks are described independently of each other. One that a client waits for comes first, one whose
data take long to load holds nothing up, and one that failed is tried again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babysit.protocol.spec.task_files import failed_description, task_files
from babysit.storage.file_watch import FileWatch

from ...child_process import python_module
from ...cpus import usable_cpus
from ...task_catalog import TaskCatalog
from ..background_loop import BackgroundLoop
from ..fork_client import ForkServerClient, ForkServerGone
from .task_cache import Described, read_cache, write_cache

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0  # while a task is being described
IDLE_S = 10.0  # a change in a folder that a task was loaded from wakes the loop at once
SETTLE_S = 0.1  # whoever writes a file may not be done
SLOW_AFTER_S = 30.0  # then a task is listed as loading, and does not count as being described
FRESH_S = 1.0  # a failure this young is not looked at again, even if a client asks for it
AT_ONCE_MIN = 2  # descriptions; more with more processors
FIRST = "spirals"  # the demo waits for it
LOADING = (
    "Its data have been loading for more than 30 seconds. It can be started when they are loaded."
)


@dataclass(slots=True)
class Pending:
    """A description that is being made.

    own_sha256: of the task file when it was requested.
    is_listed: the catalog has the task as loading.
    """

    answer: Future[dict[str, Any]]
    cancel: Callable[[], None]
    own_sha256: str
    began_s: float
    is_listed: bool = False

    def takes_s(self) -> float:
        return time.monotonic() - self.began_s


class TaskDiscovery:
    """Keeps the catalog up to date with the files. One thread."""

    def __init__(
        self,
        folders: list[Path],
        cache: Path,
        catalog: TaskCatalog,
        fork_server: ForkServerClient,
        *,
        slow_after_s: float = SLOW_AFTER_S,
    ) -> None:
        self._folders = folders
        self._cache = cache
        self._catalog = catalog
        self._fork_server = fork_server
        self._slow_after_s = slow_after_s
        self._described = read_cache(cache)
        self._pending: dict[Path, Pending] = {}
        self._added: dict[str, Described] = {}  # what the catalog has
        self._unreadable: set[Path] = set()
        self._hashes: dict[str, tuple[tuple[int, ...], str]] = {}
        self._watch = FileWatch()
        self._watched: set[Path] = set()
        self.loop = BackgroundLoop("tasks", self._look, self._watch)

    def start(self) -> None:
        """Add the cached descriptions at once; the others follow."""
        self._add_current(self._find())
        self._catalog.on_request = self.loop.wake
        self.loop.start()

    def close(self) -> None:
        """End soon. A description that takes long is not waited for."""
        self._catalog.on_request = None
        self.loop.request_close()

    def _look(self) -> float:
        if self._watch.take_grown():
            self.loop.pause(SETTLE_S)
        files = self._find()
        requested = self._catalog.take_requested()
        self._collect(files)
        self._add_current(files)
        self._begin(files, requested)
        self._watch_folders()
        return LOOK_EVERY_S if self._pending else IDLE_S

    def _watch_folders(self) -> None:
        used = (Path(name).parent for known in self._described.values() for name in known.files)
        for folder in {*self._folders, *used} - self._watched:
            self._watched.add(folder)
            self._watch.add(folder)
        self._watch.refresh()

    def _find(self) -> dict[str, Path]:
        """The task files by task name."""
        unreadable: dict[Path, OSError] = {}
        files = task_files(self._folders, unreadable)
        for folder, error in unreadable.items():
            if folder not in self._unreadable:
                log.warning("the task folder %s cannot be read: %s", folder, error)
        self._unreadable = set(unreadable)
        self._catalog.expect(list(files))
        self._added = {name: known for name, known in self._added.items() if name in files}
        return files

    def _add_current(self, files: dict[str, Path]) -> None:
        """Add what is described by now and was not added before."""
        for name, file in files.items():
            known = self._described.get(file)
            if known is not None and self._added.get(name) is not known and self._is_current(known):
                self._add(name, known)

    def _add(self, name: str, known: Described) -> None:
        self._added[name] = known
        self._catalog.add(name, known.description)

    def _collect(self, files: dict[str, Path]) -> None:
        """Take what was described; end what is not needed any more; list what takes long."""
        names = {file: name for name, file in files.items()}
        for file, pending in list(self._pending.items()):
            if pending.answer.done():
                del self._pending[file]
                self._take(file, pending)
            elif file not in names or self._sha256(str(file)) != pending.own_sha256:
                del self._pending[file]
                pending.cancel()
                self._added.pop(names.get(file, ""), None)  # it may be listed as loading
            elif not self._fork_server.ready.is_set():
                pending.began_s = time.monotonic()
            elif pending.takes_s() > self._slow_after_s and not pending.is_listed:
                known = self._described.get(file)
                if known is None or not self._is_current(known):
                    pending.is_listed = True
                    self._added.pop(names[file], None)
                    loading = failed_description(file, LOADING)
                    self._catalog.add(names[file], loading, is_loading=True)

    def _take(self, file: Path, pending: Pending) -> None:
        try:
            answer = pending.answer.result()
        except OSError:  # the fork server has exited
            answer = None
        if self.loop.is_closing:
            return
        if answer is None:
            self._pending[file] = _describe_cold(
                file, pending.own_sha256, self._fork_server.environment(), self.loop.wake
            )
            return
        description = answer["description"]
        files = description.pop("files", None) or {str(file): pending.own_sha256}
        now_s = time.monotonic()
        self._described[file] = Described(
            description, files, ended_s=now_s, took_s=now_s - pending.began_s
        )
        if description.get("error") is None:  # an error may be temporary
            write_cache(self._cache, self._described)

    def _begin(self, files: dict[str, Path], requested: set[str]) -> None:
        """Describe what is new, has changed or failed; first what a client waits for."""
        at_once = max(AT_ONCE_MIN, usable_cpus())
        order = sorted(files, key=lambda name: (name not in requested, name != FIRST))
        for name in order:
            file, is_requested = files[name], name in requested
            if self.loop.is_closing:
                return
            if file in self._pending:
                continue
            known = self._described.get(file)
            if known is not None and self._is_current(known):
                is_fresh = time.monotonic() - known.ended_s < FRESH_S
                if not known.is_failed or is_fresh:
                    if is_requested:
                        self._add(name, known)  # there is nothing newer
                    continue
                if not (is_requested or known.is_due()):
                    continue
            busy = sum(
                pending.takes_s() <= self._slow_after_s for pending in self._pending.values()
            )
            if is_requested or busy < at_once:
                self._pending[file] = self._describe(file)

    def _describe(self, file: Path) -> Pending:
        own, now_s = self._sha256(str(file)), time.monotonic()
        try:
            number, answer = self._fork_server.begin_describe(file)
        except ForkServerGone:
            return _describe_cold(file, own, self._fork_server.environment(), self.loop.wake)
        answer.add_done_callback(lambda _: self.loop.wake())
        return Pending(answer, lambda: self._fork_server.cancel(number), own, now_s)

    def _is_current(self, known: Described) -> bool:
        """Whether no file that a description depends on has changed."""
        return all(self._sha256(name) == digest for name, digest in known.files.items())

    def _sha256(self, name: str) -> str:
        """The hash of a file, which is read again when its metadata have changed; "" without it."""
        file = Path(name)
        try:
            now = file.stat()
            about = (now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
            cached = self._hashes.get(name)
            if cached is None or cached[0] != about:
                digest = hashlib.sha256(file.read_bytes()).hexdigest()
                cached = self._hashes[name] = about, digest
        except OSError:
            return ""
        return cached[1]


def _describe_cold(
    file: Path, own_sha256: str, environment: dict[str, str], on_end: Callable[[], None]
) -> Pending:
    """Describe a file in a new process, without the fork server."""
    answer = Future[dict[str, Any]]()
    processes: list[subprocess.Popen[bytes]] = []

    def run() -> None:
        try:
            process = subprocess.Popen(
                python_module("babysit.forkserver.describe", str(file)),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            processes.append(process)
            description = json.loads(process.communicate()[0])
        except (OSError, ValueError):
            description = failed_description(file, "The file ended the process.")
        answer.set_result({"description": description})
        on_end()

    def cancel() -> None:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    threading.Thread(target=run, name="describe", daemon=True).start()
    return Pending(answer, cancel, own_sha256, time.monotonic())
