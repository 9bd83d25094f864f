"""The process of a script that somebody else started: the server, or a resume by hand."""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import os
import runpy
import signal
import sys
import threading
from pathlib import Path

import torch

from babysit.attached import start
from babysit.attached.ending import end_of_script
from babysit.attached.scripts.launch import RUN_OF_RANKS, Launch, assign, read_spec
from babysit.protocol.events import StatusChanged
from babysit.protocol.serialization import to_json
from babysit.protocol.spec.run_spec import ScriptSpec
from babysit.protocol.status import RunStatus
from babysit.storage.file_lock import lock_run
from babysit.storage.journal import JournalWriter
from babysit.training.user_code.failure import reason_of, traceback_of
from babysit.worker.log_file import open_log

NO_ATTACH = "The script ended without calling babysit.attach."


def run_script(directory: Path, attempt: int) -> int:
    """Run the script of a run in this process, as `python script.py` would; its exit code.

    The lock is held from here on, however long the script takes until it calls `attach`.
    """
    lock = lock_run(directory)
    spec = read_spec(directory)
    script = ScriptSpec(**(spec.script or {}))
    open_log(directory / "worker.log")
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)  # the server asks where a worker hangs
    os.nice(spec.niceness)
    assign(Launch(directory, attempt, spec, lock, started_by_server=True))
    os.environ[RUN_OF_RANKS] = f"{directory}#{attempt}"
    error = _run(script)
    if start.script.recording is None and _ranks_recorded(directory, attempt):
        pass
    elif start.script.recording is None:
        _say_failed(directory, attempt, error)
    else:
        end_of_script(start.script.recording, error)
    _end_as_python_does()
    return exit_code(error)


def _run(script: ScriptSpec) -> BaseException | None:
    os.environ.update(script.environment)
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(len(os.sched_getaffinity(0)))  # as in a process of its own
    sys.argv = [script.path, *script.argv]
    sys.path.insert(0, str(Path(script.path).parent))
    try:
        os.chdir(script.cwd)
        if script.processes > 1:
            from torch.distributed.run import main as run_ranks

            run_ranks(["--standalone", f"--nproc-per-node={script.processes}", *sys.argv])
            return None
        runpy.run_path(script.path, run_name="__main__")
    except BaseException as error:  # SystemExit and KeyboardInterrupt are the script's, too
        if not isinstance(error, SystemExit):
            sys.excepthook(type(error), error, error.__traceback__)
        elif isinstance(error.code, str):
            sys.stderr.write(f"{error.code}\n")
        return error
    return None


def _ranks_recorded(directory: Path, attempt: int) -> bool:
    """Whether processes that the script started have recorded this attempt."""
    return (directory / f"attempt-{attempt:04d}.journal").exists()


def _end_as_python_does() -> None:
    """Wait for threads, run the script's exit functions, write out what is buffered."""
    with contextlib.suppress(Exception):
        threading._shutdown()  # type: ignore[attr-defined]
    with contextlib.suppress(Exception):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()


def _say_failed(directory: Path, attempt: int, error: BaseException | None) -> None:
    """For a script that ended before it was attached."""
    is_exit = error is None or isinstance(error, SystemExit)
    reason = NO_ATTACH if error is None or is_exit else reason_of(error)
    failed = StatusChanged(
        step=0,
        status=RunStatus.FAILED,
        reason=reason,
        traceback=None if error is None or is_exit else traceback_of(error),
    )
    journal = JournalWriter(directory / f"attempt-{attempt:04d}.journal")
    journal.append_event(to_json(failed))
    journal.sync()
    journal.close()


def exit_code(error: BaseException | None) -> int:
    """What `python script.py` would exit with."""
    if error is None:
        return 0
    if isinstance(error, SystemExit):
        if error.code is None:
            return 0
        return error.code & 0xFF if isinstance(error.code, int) else 1
    return 128 + signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
