"""`babysit doctor`: names what is wrong with the place that Babysit runs in, and what to do.

What can be known is gathered once (`app/diagnostics/facts.py`); what follows from it is said here,
by functions
of the facts alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from ..store.engine import SQLITE_SAFE
from .facts import SystemFacts

PYTHON_MIN = (3, 11)
TORCH_MIN = (2, 6)
DISK_PROBLEM_BYTES = 200_000_000
DISK_WARNING_BYTES = 2_000_000_000
CLOCK_MIN_S = time.mktime((2025, 1, 1, 0, 0, 0, 0, 0, 0))  # nothing of this was written before
CLOCK_AHEAD_S_MAX = 300.0  # of a file of ours over the clock
# SQLite's locks and shared memory do not work on these, and neither do ours.
NETWORK = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "fuse.gcsfuse",
        "fuse.glusterfs",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.sshfs",
        "gfs2",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "smb3",
        "smbfs",
    }
)


class Level(StrEnum):
    """How bad it is. Only a problem makes the command end with 1."""

    OK = "OK"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at and how it is, and what to do when it is not well."""

    level: Level
    what: str
    do: str = ""

    def __str__(self) -> str:
        return f"{self.level.value:8} {self.what}{'. ' + self.do if self.do else ''}"


def diagnose(facts: SystemFacts) -> list[Finding]:
    """Everything that can be said."""
    checks: tuple[Callable[[SystemFacts], Iterator[Finding]], ...] = (
        _versions,
        _database,
        _data_directory,
        _disk,
        _token,
        _threads,
        _clock,
        _page,
        _port,
    )
    return [finding for check in checks for finding in check(facts)]


def _versions(facts: SystemFacts) -> Iterator[Finding]:
    found = ".".join(map(str, facts.python))
    if facts.python < PYTHON_MIN:
        oldest = ".".join(map(str, PYTHON_MIN))
        yield Finding(Level.PROBLEM, f"Python {found}", f"Babysit needs {oldest} or newer.")
    else:
        yield Finding(Level.OK, f"Python {found}, Babysit {facts.babysit}")
    if facts.torch is None:
        yield Finding(Level.PROBLEM, "PyTorch is not installed", "Run `make` in the checkout.")
    elif _numbers(facts.torch) < TORCH_MIN:
        oldest = ".".join(map(str, TORCH_MIN))
        yield Finding(Level.PROBLEM, f"PyTorch {facts.torch}", f"Babysit needs {oldest} or newer.")
    else:
        yield Finding(Level.OK, f"PyTorch {facts.torch}")


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.partition("+")[0].split(".")[:2]
    return tuple(int(part) if part.isdigit() else 0 for part in parts)


def _database(facts: SystemFacts) -> Iterator[Finding]:
    if facts.sqlite is not None:
        found = ".".join(map(str, facts.sqlite))
        if facts.sqlite < SQLITE_SAFE:
            oldest = ".".join(map(str, SQLITE_SAFE))
            yield Finding(
                Level.WARNING,
                f"SQLite {found} is older than {oldest}, which fixed a bug that can damage a "
                "database that is written and copied into its file at once",
                "Take a Python with a newer SQLite, or PostgreSQL; `babysit rebuild` repairs.",
            )
        else:
            yield Finding(Level.OK, f"SQLite {found}")
    if facts.database_wrong is not None:
        yield Finding(Level.PROBLEM, facts.database_wrong)
    else:
        yield Finding(Level.OK, f"The database: {facts.database}")


def _data_directory(facts: SystemFacts) -> Iterator[Finding]:
    if facts.data_dir_wrong is not None:
        yield Finding(
            Level.PROBLEM,
            f"The data directory {facts.data_dir} {facts.data_dir_wrong}",
            "Give it to the user who runs Babysit, or name another with --data-dir.",
        )
    elif not facts.data_dir_exists:
        yield Finding(Level.OK, f"The data directory {facts.data_dir} is made at the first start")
    else:
        yield Finding(Level.OK, f"The data directory {facts.data_dir} can be written")
    if facts.shared_files is not None:
        yield Finding(
            Level.PROBLEM,
            f"The data directory is a copy made of {facts.shared_files}, so its files are those "
            "of the original",
            "Make a copy of its own, for example with `cp -a`.",
        )
    elif facts.came_from is not None:
        yield Finding(
            Level.WARNING,
            "The data directory was copied, moved or restored: it was last served as "
            f"{facts.came_from}",
            "A server can be started here; it does not touch that directory or its workers.",
        )
    kind = facts.file_system
    if kind is None:
        yield Finding(Level.WARNING, "It cannot be seen what file system the data lie on")
    elif kind in NETWORK:
        yield Finding(
            Level.PROBLEM,
            f"The data lie on a network file system ({kind}), where locks cannot be trusted",
            "Name a directory on a disk of this machine with --data-dir.",
        )
    else:
        yield Finding(Level.OK, f"The data lie on a file system of this machine ({kind})")


def _disk(facts: SystemFacts) -> Iterator[Finding]:
    free = f"{facts.free_bytes / 1e9:,.1f} GB are free where the data lie"
    if facts.free_bytes < DISK_PROBLEM_BYTES:
        yield Finding(Level.PROBLEM, free, "Runs pause when the disk is full: make room.")
    elif facts.free_bytes < DISK_WARNING_BYTES:
        yield Finding(Level.WARNING, free, "Make room before long runs.")
    else:
        yield Finding(Level.OK, free)


def _token(facts: SystemFacts) -> Iterator[Finding]:
    open_to_others = {name: mode for name, mode in facts.token_modes.items() if mode & 0o077}
    for name, mode in open_to_others.items():
        yield Finding(
            Level.PROBLEM,
            f"Others on this machine may read the {name} (mode {mode:03o})",
            f"chmod 600 {facts.data_dir / name}; `babysit token --rotate` makes new ones.",
        )
    if not facts.token_modes:
        yield Finding(Level.OK, "The token: none is kept yet, or BABYSIT_TOKEN gives it")
    elif not open_to_others:
        yield Finding(Level.OK, "The tokens can be read by their owner only")


def _threads(facts: SystemFacts) -> Iterator[Finding]:
    threads = facts.threads
    if not (threads.isascii() and threads.isdigit() and int(threads) > 0):
        yield Finding(
            Level.PROBLEM, f"BABYSIT_THREADS is {threads!r}", "Give a whole number, at least 1."
        )
    elif int(threads) > facts.cores:
        yield Finding(
            Level.WARNING,
            f"A worker takes {threads} threads, and there are {facts.cores} cores",
            "Steps may take many times longer: set BABYSIT_THREADS to fewer.",
        )
    else:
        yield Finding(Level.OK, f"A worker takes {threads} of {facts.cores} cores")


def _clock(facts: SystemFacts) -> Iterator[Finding]:
    if facts.now_s < CLOCK_MIN_S:
        yield Finding(Level.PROBLEM, "The clock is years behind", "Set it.")
    elif facts.newest_file_s > facts.now_s + CLOCK_AHEAD_S_MAX:
        minutes = (facts.newest_file_s - facts.now_s) / 60
        yield Finding(
            Level.WARNING,
            f"The newest run was written {minutes:,.0f} minutes after now",
            "Set the clock; times shown in histories will be wrong, their order not.",
        )
    else:
        yield Finding(Level.OK, "The clock is after everything that was written")


def _page(facts: SystemFacts) -> Iterator[Finding]:
    if facts.page_is_built:
        yield Finding(Level.OK, "The page is built")
    else:
        yield Finding(Level.PROBLEM, "The page is not built", "Run `make build` in the checkout.")


def _port(facts: SystemFacts) -> Iterator[Finding]:
    where = f"{facts.host} port {facts.port}"
    if facts.server_is_there is None:
        yield Finding(Level.PROBLEM, "Whether a server works on this data directory is not known")
    elif facts.server_is_there:
        yield Finding(Level.OK, "A server works on this data directory")
    elif facts.port_wrong is not None:
        yield Finding(
            Level.PROBLEM,
            f"A server cannot listen on {where}: {facts.port_wrong}",
            "Choose another one with --port or --host.",
        )
    else:
        yield Finding(Level.OK, f"A server can listen on {where}")
