"""One process that works on one run, of a task or of a script:
`python -m babysit.attached RUN_DIRECTORY --attempt N`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path

from babysit.attached.scripts.launch import read_spec
from babysit.attached.scripts.script_process import run_script
from babysit.worker import __main__ as task_worker


def work(run_directory: Path, attempt: int, *, may_retry: bool = False) -> int:
    """Take the run up and bring it to an end. Returns: the exit code of the process."""
    if read_spec(run_directory).script is not None:
        return run_script(run_directory, attempt)
    return task_worker.work(run_directory, attempt, may_retry=may_retry)


def main() -> None:
    parser = argparse.ArgumentParser(description="Work on one run.")
    parser.add_argument("run_directory", type=Path)
    parser.add_argument("--attempt", type=int, default=1)
    parser.add_argument("--may-retry", action="store_true", help="another attempt may follow")
    arguments = parser.parse_args()
    if os.getsid(0) != os.getpid():
        with contextlib.suppress(PermissionError):  # a group leader, as under a shell's job control
            os.setsid()  # Ctrl-C in the server's terminal is not meant for the training
    directory = arguments.run_directory.resolve()
    sys.exit(work(directory, arguments.attempt, may_retry=arguments.may_retry))


if __name__ == "__main__":
    main()
