"""Scripts that people start themselves: `python train.py`, without a server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from babysit.storage.journal import JournalReader
from tests.babysit.attached.scripts import WITHIN_S, Recorded, read_journals
from tests.babysit.attached.test_hostile import script
from tests.babysit.waiting import wait_until

pytestmark = pytest.mark.slow

LOOP = "for i in run.steps(5):\n    run.log(a=turn())\n"


def by_hand(tmp_path: Path, path: Path, *, stdin: str | None = None) -> tuple[int, str, str]:
    """The exit code, the output, and the errors without our own lines."""
    done = subprocess.run(
        [sys.executable, "-" if stdin else str(path), "--lr", "1"],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=WITHIN_S,
    )
    errors = [line for line in done.stderr.splitlines() if not line.startswith("babysit: ")]
    return done.returncode, done.stdout, "\n".join(errors)


def recorded(tmp_path: Path) -> Recorded:
    """The one run in the data directory."""
    (only,) = (tmp_path / "var" / "runs").iterdir()
    return read_journals(only)


def test_a_script_from_standard_input_exits_with_its_own_text(tmp_path: Path) -> None:
    text = script(tmp_path, f"print('hello')\n{LOOP}sys.exit('that was it')").read_text()
    assert by_hand(tmp_path, Path("-"), stdin=text) == (1, "hello\n", "that was it")
    found = recorded(tmp_path)
    assert sorted(found.points["train/a"]) == [1, 2, 3, 4, 5]
    last = found.of_kind("status_changed")[-1]
    assert (last["status"], last["reason"]) == ("failed", "exit code that was it")


def test_a_child_that_reads_the_script_again_makes_no_run_of_its_own(tmp_path: Path) -> None:
    body = (
        "def work():\n    print('child', flush=True)\n"
        "if __name__ == '__main__':\n"
        "    child = multiprocessing.get_context('spawn').Process(target=work)\n"
        "    child.start()\n    child.join()\n    assert child.exitcode == 0\n"
        "    for i in run.steps(5):\n        run.log(a=turn())\n    print(run.id)\n"
    )
    path = script(tmp_path, body, "my train.py")
    assert by_hand(tmp_path, path) == (0, "child\n1\n", "")
    assert recorded(tmp_path).status == "finished"


@pytest.mark.parametrize(("end", "status"), [("", "finished"), ("raise ValueError", "failed")])
def test_the_end_of_a_training_in_a_child_process_is_recorded(
    end: str, status: str, tmp_path: Path
) -> None:
    path = script(tmp_path, "")
    indented = "".join(f"    {line}\n" for line in [*LOOP.splitlines(), end])
    text = path.read_text().replace("run = babysit", "def main():\n    run = babysit")
    start = "child = multiprocessing.get_context('fork').Process(target=main)\n"
    path.write_text(f"{text}{indented}{start}child.start()\nchild.join()\n")
    code, _, errors = by_hand(tmp_path, path)
    assert code == 0
    assert ("ValueError" in errors) == bool(end)
    assert recorded(tmp_path).status == status


def test_ctrl_c_is_the_scripts_and_the_run_was_interrupted(tmp_path: Path) -> None:
    body = "for i in run.steps(10**9):\n    run.log(a=turn())\n    rest(0.001)"
    path = script(tmp_path, body)
    process = subprocess.Popen([sys.executable, str(path)], cwd=tmp_path, stderr=subprocess.PIPE)
    journal = tmp_path / "var" / "runs" / "1" / "attempt-0001.journal"

    def has_logged() -> bool | None:
        records = JournalReader(journal).read() if journal.exists() else []
        bodies = [getattr(record, "body", None) for record in records]
        return any("train/a" in getattr(body, "names", ()) for body in bodies) or None

    wait_until(has_logged, is_alive=lambda: process.poll() is None, what="a step")
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=WITHIN_S)
    assert process.returncode == -signal.SIGINT
    assert b"KeyboardInterrupt" in errors
    last = recorded(tmp_path).of_kind("status_changed")[-1]
    assert (last["status"], last["reason"]) == ("stopped", "interrupted")
