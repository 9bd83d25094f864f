"""Forks workers from a process that has imported torch, so that a run starts in milliseconds.

It reads requests as JSON lines from its standard input and answers on its standard output. It stays
single-threaded and never touches CUDA: only such a process may be forked safely. It ends when its
input ends; the workers continue.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch

from babysit.forkserver import describe
from babysit.forkserver.huge_pages import use_huge_pages
from babysit.forkserver.prefork import PreforkedWorker, run_child
from babysit.forkserver.warm_up import load, warm_up
from babysit.protocol.serialization import now
from babysit.protocol.spec.task_files import failed_description
from babysit.storage.atomic import write_atomic
from babysit.training.data import end_with_parent

IDLE_S = 0.5  # without a request: then the next module is imported in advance
LOOK_EVERY_S = 0.25
SLOW_AFTER_S = 30.0  # then a process that describes gets a low priority
SLOW_NICENESS = 15
SPARE_AFTER_S = 0.03  # without a request: then a process is forked for the next one
TOO_LONG = "It took too long to load and build."
ENDED = "The file ended the process."


@dataclass(slots=True)
class Child:
    """A forked process: the worker of a run, or one that describes a task file for a request.

    path: the run's directory, or the task file.
    attempt: of a worker, from 1.
    id: of the request for a description; 0 once it is answered.
    begins_s, ends_before_s: when a description begins and when it is given up, monotonic.
    oom_kills: processes that this machine had killed for lack of memory when the child began.
    """

    path: str = ""
    attempt: int = 0
    id: int = 0
    answer_fd: int = -1
    answer: bytearray = field(default_factory=bytearray)
    begins_s: float = math.inf
    ends_before_s: float = math.inf
    oom_kills: int = 0
    has_ended: bool = False


class ForkServer:
    """Answers the requests of one server until its input ends."""

    def __init__(self) -> None:
        self._children: dict[int, Child] = {}
        self._input = bytearray()
        modules = os.environ.get("BABYSIT_PRELOAD", "").split(",")
        imports = [partial(load, module) for module in modules if module]
        # Huge pages last: they save 20 ms for each run, half at its fork and half at its end.
        self._when_idle: list[Callable[[], object]] = [*imports, use_huge_pages]
        self._preforked: PreforkedWorker | None = None
        self._wake, self._woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def serve(self) -> None:
        """Answer requests until the input ends."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._woken)
        warm_up()
        send({"ready": True, "torch": str(torch.__version__)})
        busy_at = time.monotonic()
        while True:
            answering = [child.answer_fd for child in self._children.values() if child.id]
            ready, _, _ = select.select([0, self._wake, *answering], [], [], self._wait_s())
            if self._wake in ready:
                os.read(self._wake, 4096)
            self._collect_answers(ready)
            self._end_late_ones()
            self._reap()
            if 0 in ready:
                busy_at = time.monotonic()
                if not self._read_requests():
                    self._end_descriptions()
                    return
            elif self._when_idle and time.monotonic() - busy_at > IDLE_S:
                self._prefork_when_idle()
            elif self._preforked is None and not ready:
                self._preforked = PreforkedWorker()

    def _wait_s(self) -> float | None:
        """How long to wait for a request or the end of a child; None: there is nothing else."""
        if self._preforked is None:
            return SPARE_AFTER_S
        is_describing = any(child.id for child in self._children.values())
        return LOOK_EVERY_S if self._when_idle or is_describing else None

    def _prefork_when_idle(self) -> None:
        """Import one module in advance. The server is told that it gets no answer meanwhile."""
        send({"loading": True})
        if self._preforked is not None:
            self._preforked.release()  # the next one is forked with the module
            self._preforked = None
        self._when_idle.pop(0)()
        self._reap()
        send({"loading": False})

    def _read_requests(self) -> bool:
        data = os.read(0, 65536)
        self._input += data
        *lines, rest = self._input.split(b"\n")
        self._input = bytearray(rest)
        for line in lines:
            self._handle_request(json.loads(line))
        return bool(data)

    def _handle_request(self, request: dict[str, Any]) -> None:
        if request["do"] == "work":
            pid = self._start_worker(request)
            send({"id": request["id"], "pid": pid})
        elif request["do"] == "describe":
            ends_before_s = time.monotonic() + float(request["timeout_s"])
            reading, writing = os.pipe2(os.O_CLOEXEC)
            child = Child(request["file"], id=request["id"], answer_fd=reading)
            child.begins_s, child.ends_before_s = time.monotonic(), ends_before_s
            self._fork(child, writing)
            os.close(writing)
        elif request["do"] == "cancel":
            for pid, child in self._children.items():
                if child.id == request["describes"]:
                    end_group(pid, child)

    def _start_worker(self, request: dict[str, Any]) -> int:
        spare = self._preforked or PreforkedWorker()
        self._preforked = None
        while not spare.assign(request):
            spare = PreforkedWorker()
        self._children[spare.pid] = Child(
            request["run_directory"], request["attempt"], oom_kills=oom_kills()
        )
        return spare.pid

    def _fork(self, child: Child, writing: int) -> None:
        pid = os.fork()
        if pid:
            self._children[pid] = child
            return
        if self._preforked is not None:
            self._preforked.release()
        run_child(lambda: describing(child, writing))

    def _collect_answers(self, ready: list[int]) -> None:
        for pid, child in self._children.items():
            if child.answer_fd in ready:
                data = os.read(child.answer_fd, 1 << 20)
                child.answer += data
                if not data:
                    self._send_description(child)
                    end_group(pid, child)  # processes that the file has started must end, too

    def _send_description(self, child: Child) -> None:
        os.close(child.answer_fd)
        try:
            description = json.loads(child.answer)
        except ValueError:
            late = time.monotonic() > child.ends_before_s  # its own alarm came first
            error = TOO_LONG if late else ENDED
            description = failed_description(Path(child.path), error)
        send({"id": child.id, "description": description})
        child.id, child.answer_fd = 0, -1

    def _end_late_ones(self) -> None:
        for pid, child in self._children.items():
            if child.id and time.monotonic() > child.begins_s + SLOW_AFTER_S:
                child.begins_s = math.inf
                with contextlib.suppress(OSError):  # it has ended
                    os.setpriority(os.PRIO_PGRP, pid, SLOW_NICENESS)  # runs come first
            if child.id and time.monotonic() > child.ends_before_s:
                end_group(pid, child)
                description = failed_description(Path(child.path), TOO_LONG)
                child.answer[:] = json.dumps(description).encode()
                self._send_description(child)

    def _end_descriptions(self) -> None:
        for pid, child in self._children.items():
            if child.id:
                end_group(pid, child)

    def _reap(self) -> None:
        while True:  # also one that was forked ahead and let go
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            if self._preforked is not None and pid == self._preforked.pid:
                self._preforked.release()
                self._preforked = None
            child = self._children.get(pid)
            if child is None:
                continue
            child.has_ended = True
            if child.attempt:
                send_exit(child, pid, os.waitstatus_to_exitcode(status), used.ru_maxrss * 1024)
        # A process that described is forgotten after its answer was sent.
        self._children = {
            pid: child for pid, child in self._children.items() if not child.has_ended or child.id
        }


def describing(child: Child, writing: int) -> int:
    """What a process that describes a task does; returns its exit status."""
    # The fork server ends it. These are for a fork server that was killed.
    end_with_parent()
    signal.alarm(math.ceil(child.ends_before_s - time.monotonic()) + 1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):  # what a task prints must not reach the fork server's output
        os.dup2(nothing, standard)
    own_pid = os.getpid()
    answer = describe.describe(Path(child.path))
    if os.getpid() != own_pid:
        return 0  # the file has forked; only one of the two answers
    while answer:
        answer = answer[os.write(writing, answer) :]
    return 0


def end_group(pid: int, child: Child) -> None:
    """Kill a process that describes, and all processes that its file has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # they have ended
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            if not child.has_ended:  # it has no group of its own yet
                os.kill(pid, signal.SIGKILL)


def send(message: dict[str, Any]) -> None:
    data = (json.dumps(message) + "\n").encode()
    try:
        while data:
            data = data[os.write(1, data) :]
    except BrokenPipeError:  # the server has ended, so the input ends, too
        pass


def oom_kills() -> int:
    """How many processes this machine has killed for lack of memory; 0 where that is not known."""
    try:
        counters = Path("/proc/vmstat").read_text()
    except OSError:
        return 0
    return next(
        (int(line.split()[1]) for line in counters.splitlines() if line.startswith("oom_kill ")), 0
    )


def send_exit(child: Child, pid: int, code: int, peak_bytes: int) -> None:
    """Write a worker's exit status into its run's directory, and send it to the server."""
    signal_number = -code if code < 0 else None
    ended = {
        "pid": pid,
        "attempt": child.attempt,
        "status": code,
        "signal": signal_number,
        "peak_bytes": peak_bytes,
        "oom": signal_number == signal.SIGKILL and oom_kills() > child.oom_kills,
    }
    path = Path(child.path) / f"exit-{child.attempt:04d}.json"
    # Not synced, because requests for further workers wait for this thread. Nothing depends on the
    # file: the journal and the lock say what matters.
    with contextlib.suppress(OSError):
        write_atomic(path, json.dumps({**ended, "at": now()}), sync=False)
    send({"exited": pid, "run_directory": child.path, **ended})


if __name__ == "__main__":
    ForkServer().serve()
