"""A private PostgreSQL server for the tests: a free loopback port, a temporary directory."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.live_server import end

STARTED_WITHIN_S = 30.0
POLL_EVERY_S = 0.02
ROLE = "babysit"
# The server is thrown away: what a crash of the machine would lose does not matter.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@contextmanager
def running_postgres(binaries: Path) -> Iterator[str]:
    """A server that is gone, with its files, when the block is left.

    Args:
        binaries: the folder of `initdb` and `postgres`.

    Yields:
        a SQLAlchemy URL of its database `postgres`.

    Raises:
        RuntimeError: it did not start; the text has its output.
    """
    # Not below pytest's own folder: another user must be able to reach it.
    directory = Path(tempfile.mkdtemp(prefix="babysit-postgres-"))
    identity = _non_root_identity(directory)
    data, log = str(directory / "data"), directory / "log"
    try:
        made = subprocess.run(
            [str(binaries / "initdb"), "-D", data, "-U", ROLE]
            + ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"],
            **identity,
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")
        port = _free_port()
        settings = ("listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories=", *FAST)
        with log.open("wb") as output:
            process: subprocess.Popen[bytes] = subprocess.Popen(
                [str(binaries / "postgres"), "-D", data]
                + [argument for setting in settings for argument in ("-c", setting)],
                **identity,
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            _wait_until_it_answers(port, process, log)
            yield database_url(port, "postgres")
        finally:
            end(process, signal.SIGINT)  # "fast": clients are disconnected
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def database_url(port: int, database: str) -> str:
    return f"postgresql+psycopg://{ROLE}@127.0.0.1:{port}/{database}"


def create_database(server_url: str, database: str) -> str:
    """A new, empty database beside the one of `server_url`; its URL."""
    plain_url = server_url.replace("+psycopg", "")
    with psycopg.connect(plain_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{database}"'.encode())
    return server_url.rsplit("/", 1)[0] + "/" + database


def _non_root_identity(directory: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as another user, who owns the directory."""
    if os.geteuid() != 0:
        return {}
    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = users.get("postgres") or users["nobody"]
    os.chown(directory, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def _wait_until_it_answers(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTED_WITHIN_S
    url = database_url(port, "postgres").replace("+psycopg", "")
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"PostgreSQL ended at once:\n{log.read_text()}")
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(POLL_EVERY_S)
        else:
            return
    raise RuntimeError(f"PostgreSQL did not answer in {STARTED_WITHIN_S} s:\n{log.read_text()}")
