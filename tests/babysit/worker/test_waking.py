"""A worker is woken by what it is asked, and does not wake while nothing happens."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from babysit.protocol.commands import Pause, Resume, Set
from babysit.protocol.events import CommandSent
from babysit.protocol.serialization import to_json
from babysit.storage.file_watch import FileWatch
from babysit.storage.journal import JournalWriter
from babysit.worker.inbox import Inbox
from tests.babysit.waiting import wait_until
from tests.babysit.worker_harness import Lab

COUNTED_S = 4.0  # long enough that a few wake-ups of other causes do not matter


def wake_ups(pid: int) -> int:
    """How often the threads of a process have waited for something."""
    found = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        for line in status.read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches:"):
                found += int(line.split()[1])
    return found


def test_a_paused_worker_wakes_at_most_about_twice_a_second(lab: Lab) -> None:
    run = lab.start("spirals", steps=1_000_000)
    run.do(Pause())
    began_s, before = time.monotonic(), wake_ups(run.pid)

    wait_until(
        lambda: time.monotonic() - began_s > COUNTED_S or None, is_alive=run.is_alive, what="time"
    )
    rate = (wake_ups(run.pid) - before) / (time.monotonic() - began_s)

    assert rate <= 3
    assert run.do(Set(values={"learning_rate": 0.02}))["kind"] == "changed"
    run.do(Resume())


def test_a_lost_wake_up_costs_one_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FileWatch, "add", lambda self, path: None)
    inbox = Inbox(tmp_path)
    sent = CommandSent(step=0, command_id=1, command=to_json(Pause()))
    JournalWriter(tmp_path / "server.journal").append_event(to_json(sent))
    inbox.wait(0.2)
    assert not inbox.commands

    inbox.look()

    assert [command.command_id for command in inbox.commands] == [1]
    inbox.close()
