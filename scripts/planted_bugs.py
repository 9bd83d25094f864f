"""Plants one bug after the other into a copy of the project, and sees whether a test notices.

`make planted-bugs` prints a table and how many were caught; `ARGS="--only velocity"` plants those
whose name holds a word.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from scripts.planted import Bug
from scripts.planted_behind_gate import COSTING_TOO_MUCH, LASTING_TOO_LONG
from scripts.planted_in_files import KEEPING
from scripts.planted_in_gate import GATEKEEPING, SAYING_TOO_MUCH
from scripts.planted_in_resume import RESUME, TAKING_UP
from scripts.planted_in_search import SEARCHING
from scripts.planted_in_server import STORED, WATCHED

ROOT = Path(__file__).resolve().parents[1]
GROUPS: dict[str, tuple[Bug, ...]] = {
    "resume": (*RESUME, *TAKING_UP),
    "files": KEEPING,
    "server": (*STORED, *WATCHED),
    "search": SEARCHING,
    "gate": (*GATEKEEPING, *SAYING_TOO_MUCH, *COSTING_TOO_MUCH, *LASTING_TOO_LONG),
}
BUGS: tuple[Bug, ...] = tuple(bug for bugs in GROUPS.values() for bug in bugs)
ENDED_WITHIN_S = 600.0  # a bug may make a test hang: that is noticed, too
BUILT = "frontend/dist"  # not tracked, but served
FAILED = re.compile(r"^(?:FAILED|ERROR) \S*?::(\w+)", re.M)


@dataclass(frozen=True)
class Verdict:
    """caught_by: the first test that failed; "" when none did."""

    bug: Bug
    caught_by: str
    seconds: float

    @property
    def is_right(self) -> bool:
        """Caught, or said to be kept harmless by something else."""
        return bool(self.caught_by) or bool(self.bug.defended_by)


def copy_of_project(folder: Path) -> Path:
    """All tracked and new files, and the built page."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    if (ROOT / BUILT).is_dir():
        shutil.copytree(ROOT / BUILT, folder / BUILT)
    return folder


def plant(bug: Bug, project: Path) -> None:
    """Make the bug's edits.

    Raises:
        ValueError: the code has changed: a text is not there, or not only once.
    """
    for edit in bug.edits:
        text = (project / edit.file).read_text()
        if text.count(edit.old) != 1:
            raise ValueError(f"{bug.name}: {text.count(edit.old)} times in {edit.file}: {edit.old}")
        (project / edit.file).write_text(text.replace(edit.old, edit.new))


def run_tests(project: Path, tests: str, *, stop_at_once: bool) -> tuple[bool, str]:
    """Whether all pass, and what pytest said."""
    options = ["-q", "-p", "no:cacheprovider", "-m", "", *(["-x"] if stop_at_once else [])]
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *shlex.split(tests)],
            cwd=project,
            env={**os.environ, "PYTHONPATH": str(project)},
            capture_output=True,
            text=True,
            timeout=ENDED_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False, "ERROR ::took_too_long"
    return ran.returncode == 0, ran.stdout + ran.stderr


def judge(bug: Bug) -> Verdict:
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        project = copy_of_project(Path(folder))
        plant(bug, project)
        passes, said = run_tests(project, bug.tests, stop_at_once=True)
    first = FAILED.search(said)
    caught_by = "" if passes else first[1] if first else "the tests do not even start"
    verdict = Verdict(bug, caught_by, time.monotonic() - began_s)
    how = caught_by or ("defended: " + bug.defended_by if bug.defended_by else "SURVIVED")
    print(f"{verdict.seconds:5.0f} s  {bug.name:<62} {how}", flush=True)
    return verdict


def without_bugs(bugs: list[Bug]) -> list[str]:
    """The tests that fail without any bug: their verdict is worth nothing."""
    failing = []
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        project = copy_of_project(Path(folder))
        for tests in dict.fromkeys(bug.tests for bug in bugs):
            passes, said = run_tests(project, tests, stop_at_once=False)
            if not passes:
                failing.append(f"{tests}\n{said[-2000:]}")
    return failing


def main() -> None:
    parser = argparse.ArgumentParser(description="See whether the tests notice planted bugs.")
    parser.add_argument("--only", default="", help="bugs whose name holds this")
    parser.add_argument("--of", choices=GROUPS, help="bugs of one kind")
    parser.add_argument("--jobs", type=int, default=2, help="bugs at once")
    parser.add_argument("--trust", action="store_true", help="do not try the tests without a bug")
    arguments = parser.parse_args()
    group = GROUPS[arguments.of] if arguments.of else BUGS
    bugs = [bug for bug in group if arguments.only in bug.name]
    if not arguments.trust and (failing := without_bugs(bugs)):
        sys.exit("These fail without any bug:\n" + "\n".join(failing))
    with ThreadPoolExecutor(arguments.jobs) as pool:
        verdicts = list(pool.map(judge, bugs))
    caught = sum(bool(verdict.caught_by) for verdict in verdicts)
    defended = sum(not verdict.caught_by and verdict.is_right for verdict in verdicts)
    print(f"{caught} of {len(bugs)} planted bugs were caught, {defended} more are defended twice")
    sys.exit(0 if all(verdict.is_right for verdict in verdicts) else 1)


if __name__ == "__main__":
    main()
