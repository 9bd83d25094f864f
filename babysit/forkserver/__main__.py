"""Forks workers from a process with torch already loaded, so that a run starts in milliseconds.

It reads requests as JSON lines from its standard input and answers on its standard output. It stays
single-threaded and never touches CUDA: only such a process may be forked safely. When its input
ends it ends; the workers live on.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
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

import safetensors.torch
import torch

from babysit.forkserver import describe
from babysit.forkserver.huge_pages import use_huge_pages
from babysit.forkserver.prefork import PreforkedWorker, run_child
from babysit.protocol.serialization import now
from babysit.protocol.task_files import failed_description
from babysit.storage.atomic import write_atomic
from babysit.storage.journal import to_jsonable

IDLE_S = 0.5  # then something more is done in advance
LOOK_EVERY_S = 0.25
SPARE_AFTER_S = 0.03  # without any request: then a process is forked for the next one
TOO_LONG = "It took too long to load and build."
# Imports that tasks often make and that take long.
LOADED_WHEN_IDLE = ("sklearn.datasets", "sklearn.model_selection")


@dataclass(slots=True)
class Child:
    """A forked process: a worker of `run_directory`, or one that describes for request `id`."""

    run_directory: str = ""
    attempt: int = 0
    id: int = 0
    answer_fd: int = -1
    answer: bytearray = field(default_factory=bytearray)
    ends_before_s: float = float("inf")  # monotonic
    oom_kills: int = 0  # of the whole machine, when it began
    has_ended: bool = False


class ForkServer:
    """Serves one server until its input ends."""

    def __init__(self) -> None:
        self._children: dict[int, Child] = {}
        self._input = bytearray()
        imports = [partial(load, module) for module in LOADED_WHEN_IDLE]
        # Huge pages last: they take 20 ms less for each run, half at its fork, half at its end.
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
            wait_s = SPARE_AFTER_S if self._preforked is None else LOOK_EVERY_S
            ready, _, _ = select.select([0, self._wake, *answering], [], [], wait_s)
            if self._wake in ready:
                os.read(self._wake, 4096)
            self._collect_answers(ready)
            self._end_late_ones()
            self._reap()
            if 0 in ready:
                busy_at = time.monotonic()
                if not self._read_requests():
                    return
            elif self._when_idle and time.monotonic() - busy_at > IDLE_S:
                self._prefork_when_idle()
            elif self._preforked is None and not ready:
                self._preforked = PreforkedWorker()

    def _prefork_when_idle(self) -> None:
        """Do something in advance; the server is told that no answer comes meanwhile."""
        send({"loading": True})
        if self._preforked is not None:
            self._preforked.release()  # the next one has what is ready now
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
            pid = self._start_worker(
                request["run_directory"], request["attempt"], request.get("may_retry", False)
            )
            send({"id": request["id"], "pid": pid})
        elif request["do"] == "describe":
            ends_before_s = time.monotonic() + float(request.get("timeout_s", 30))
            reading, writing = os.pipe2(os.O_CLOEXEC)
            child = Child(id=request["id"], answer_fd=reading, ends_before_s=ends_before_s)
            child.run_directory = request["file"]
            self._fork(child, writing)
            os.close(writing)

    def _start_worker(self, run_directory: str, attempt: int, may_retry: bool) -> int:
        spare = self._preforked or PreforkedWorker()
        self._preforked = None
        while not spare.assign(run_directory, attempt, may_retry=may_retry):
            spare = PreforkedWorker()
        self._children[spare.pid] = Child(run_directory, attempt, oom_kills=oom_kills())
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
                    end_group(pid, child)  # what the file has started may not stay

    def _send_description(self, child: Child) -> None:
        os.close(child.answer_fd)
        try:
            description = json.loads(child.answer)
        except ValueError:
            late = time.monotonic() > child.ends_before_s  # its own alarm was faster than we
            error = TOO_LONG if late else "The file ended the process."
            description = failed_description(Path(child.run_directory), error)
        send({"id": child.id, "description": description})
        child.id, child.answer_fd = 0, -1

    def _end_late_ones(self) -> None:
        for pid, child in self._children.items():
            if child.id and time.monotonic() > child.ends_before_s:
                end_group(pid, child)
                child.answer[:] = json.dumps(
                    failed_description(Path(child.run_directory), TOO_LONG)
                ).encode()
                self._send_description(child)

    def _reap(self) -> None:
        while self._preforked or any(not child.has_ended for child in self._children.values()):
            pid, status, used = os.wait4(-1, os.WNOHANG)
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
        # One that describes is done with when its answer was passed on, too.
        self._children = {
            pid: child for pid, child in self._children.items() if not child.has_ended or child.id
        }


def describing(child: Child, writing: int) -> int:
    """The life of a process that describes a task."""
    # The fork server ends one that takes too long; this is for when the fork server itself is gone.
    signal.alarm(math.ceil(child.ends_before_s - time.monotonic()) + 1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):  # a task that prints must not speak on the fork server's channel
        os.dup2(nothing, standard)
    own_pid = os.getpid()
    answer = json.dumps(to_jsonable(describe.describe(Path(child.run_directory)))).encode()
    if os.getpid() != own_pid:
        return 0  # the file has forked; one of the two speaks
    while answer:
        answer = answer[os.write(writing, answer) :]
    return 0


def end_group(pid: int, child: Child) -> None:
    """Kill a process that describes, and all that its file has started there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # they ended by themselves
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
    except BrokenPipeError:  # the server is gone; the end of the input says so too
        pass


def oom_kills() -> int:
    """How often this machine killed a process because memory ran out; 0 where that is not told."""
    try:
        counters = Path("/proc/vmstat").read_text()
    except OSError:
        return 0
    return next(
        (int(line.split()[1]) for line in counters.splitlines() if line.startswith("oom_kill ")), 0
    )


def send_exit(child: Child, pid: int, code: int, peak_bytes: int) -> None:
    """Leave a worker's exit status in its run's directory, and tell the server."""
    signal_number = -code if code < 0 else None
    ended = {
        "pid": pid,
        "attempt": child.attempt,
        "status": code,
        "signal": signal_number,
        "peak_bytes": peak_bytes,
        "oom": signal_number == signal.SIGKILL and oom_kills() > child.oom_kills,
    }
    path = Path(child.run_directory) / f"exit-{child.attempt:04d}.json"
    # A convenience: the journal and the lock tell what matters. Not synced, because requests for
    # further workers wait for this thread.
    with contextlib.suppress(OSError):
        write_atomic(path, json.dumps({**ended, "at": now()}), sync=False)
    send({"exited": pid, "run_directory": child.run_directory, **ended})


def warm_up() -> None:
    """Pay once for what torch does at its first optimizer and its first generator."""
    torch.set_num_threads(1)
    parameter = torch.nn.Parameter(torch.zeros(1))
    parameter.grad = torch.zeros(1)  # by hand: a backward pass might start threads or touch a GPU
    for kind in (torch.optim.SGD, torch.optim.Adam, torch.optim.RMSprop):
        kind([parameter], lr=0.1).step()
    safetensors.torch.save({"parameter": parameter.detach()})  # it imports more at the first one
    torch.manual_seed(0)  # for a GPU that is not used yet it keeps a traceback, with its sources
    gc.collect()
    gc.freeze()  # children share these pages as long as nobody counts references in a sweep


def load(module: str) -> None:
    try:
        importlib.import_module(module)
    except Exception:  # a task that needs it will say so
        return
    gc.freeze()


if __name__ == "__main__":
    ForkServer().serve()
