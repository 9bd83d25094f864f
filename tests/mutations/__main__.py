"""Applies one known bug after the other to a copy of the project, and runs its tests.

`make mutations` prints a table and how many were caught; `ARGS="--only velocity"` applies those
whose name contains a word, `ARGS="--of gate"` those of one folder.
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

from tests.mutations.bugs import Bug, all_bugs

ROOT = Path(__file__).resolve().parents[2]
TESTS_TIMEOUT_S = 600.0  # a bug may make a test hang: that counts as noticed
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
        """Caught, or harmless because of something else."""
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


def apply(bug: Bug, project: Path) -> None:
    """Make the changes of the patch.

    Raises:
        CalledProcessError: the code has changed, and the patch does not fit any more.
    """
    subprocess.run(["git", "apply", str(bug.patch)], cwd=project, check=True)


def run_tests(project: Path, tests: str, *, stop_at_once: bool) -> tuple[bool, str]:
    """Whether all pass, and the output of pytest."""
    options = ["-q", "-p", "no:cacheprovider", "-m", "", *(["-x"] if stop_at_once else [])]
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *shlex.split(tests)],
            cwd=project,
            env={**os.environ, "PYTHONPATH": str(project)},
            capture_output=True,
            text=True,
            timeout=TESTS_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False, "ERROR ::took_too_long"
    return ran.returncode == 0, ran.stdout + ran.stderr


def judge(bug: Bug) -> Verdict:
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        project = copy_of_project(Path(folder))
        apply(bug, project)
        passes, output = run_tests(project, bug.tests, stop_at_once=True)
    first = FAILED.search(output)
    caught_by = "" if passes else first[1] if first else "the tests do not even start"
    verdict = Verdict(bug, caught_by, time.monotonic() - began_s)
    how = caught_by or ("defended: " + bug.defended_by if bug.defended_by else "SURVIVED")
    print(f"{verdict.seconds:5.0f} s  {bug.name:<62} {how}", flush=True)
    return verdict


def without_bugs(bugs: list[Bug]) -> list[str]:
    """The tests that fail without any bug: their verdict is worth nothing."""
    failing = []
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        project = copy_of_project(Path(folder))
        for tests in dict.fromkeys(bug.tests for bug in bugs):
            passes, output = run_tests(project, tests, stop_at_once=False)
            if not passes:
                failing.append(f"{tests}\n{output[-2000:]}")
    return failing


def main() -> None:
    bugs = all_bugs()
    parser = argparse.ArgumentParser(description="See whether the tests notice known bugs.")
    parser.add_argument("--only", default="", help="bugs whose name contains this")
    parser.add_argument("--of", choices=sorted({bug.group for bug in bugs}), help="one folder")
    parser.add_argument("--jobs", type=int, default=2, help="bugs at once")
    parser.add_argument("--trust", action="store_true", help="do not run the tests without a bug")
    arguments = parser.parse_args()
    chosen = [bug for bug in bugs if arguments.only in bug.name]
    chosen = [bug for bug in chosen if arguments.of in {None, bug.group}]
    if not arguments.trust and (failing := without_bugs(chosen)):
        sys.exit("These fail without any bug:\n" + "\n".join(failing))
    with ThreadPoolExecutor(arguments.jobs) as pool:
        verdicts = list(pool.map(judge, chosen))
    caught = sum(bool(verdict.caught_by) for verdict in verdicts)
    defended = sum(not verdict.caught_by and verdict.is_right for verdict in verdicts)
    print(f"{caught} of {len(chosen)} bugs were caught, {defended} more are defended twice")
    sys.exit(0 if all(verdict.is_right for verdict in verdicts) else 1)


if __name__ == "__main__":
    main()
