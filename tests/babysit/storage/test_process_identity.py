"""A process is known by its number, its start and the machine's: no other is taken for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from babysit.storage.process_identity import (
    ProcessIdentity,
    identity_of,
    is_alive,
    send_signal,
)


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """Waits for its input to end."""
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as started:
        yield started
        started.kill()


def others(known: ProcessIdentity) -> list[ProcessIdentity]:
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
