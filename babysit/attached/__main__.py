"""One process that works on one run, of a task or of a script:
`python -m babysit.attached RUN_DIRECTORY --attempt N`.
"""

from __future__ import annotations

from pathlib import Path

from babysit.attached.scripts.launch import read_spec
from babysit.attached.scripts.script_process import run_script
from babysit.worker import __main__ as task_worker


def work(run_directory: Path, attempt: int, *, may_retry: bool = False) -> int:
    """Take the run up and bring it to an end. Returns: the exit code of the process."""
    if read_spec(run_directory).script is not None:
        return run_script(run_directory, attempt)
    return task_worker.work(run_directory, attempt, may_retry=may_retry)


if __name__ == "__main__":
    task_worker.main(work)
