"""A process is known by its number, its start and the machine's: no other is taken for it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.supervisor.liveness import (
    Identity,
    identity_of,
    is_alive,
    may_be_locked,
    send_signal,
)


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """Waits for its input to end."""
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as started:
        yield started
        started.kill()


def others(known: Identity) -> list[Identity]:
    """Processes that had this one's number: earlier in this boot, or before it."""
    return [replace(known, start_ticks=known.start_ticks - 1), replace(known, boot_id="another")]


def test_another_process_of_the_same_number_is_not_alive_and_never_signalled(
    process: subprocess.Popen[bytes],
) -> None:
    known = identity_of(process.pid)

    for other in others(known):
        assert not is_alive(other)
        assert not send_signal(other, signal.SIGKILL)

    assert is_alive(known)
    assert process.poll() is None


def test_the_very_process_is_signalled_and_then_gone(process: subprocess.Popen[bytes]) -> None:
    known = identity_of(process.pid)

    assert send_signal(known, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # ended, and not yet collected

    assert not is_alive(known)
    assert not send_signal(known, signal.SIGTERM)
    assert process.wait(10) == -signal.SIGKILL
    assert not is_alive(known)


def test_a_run_whose_lock_cannot_be_looked_at_is_not_taken_for_free(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    assert not may_be_locked(tmp_path)

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        assert may_be_locked(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
