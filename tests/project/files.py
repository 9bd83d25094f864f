"""The project's own files, as git knows them, for the tests of the house's rules."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON_FOLDERS = ("app", "babysit", "models", "tests", "scripts", "benchmarks")


@cache
def tracked_files() -> tuple[str, ...]:
    """Paths of all files that are there and tracked or not yet added, in git's own order."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=30,
    )
    names = listed.stdout.decode().split("\0")
    return tuple(sorted({name for name in names if name and (ROOT / name).is_file()}))


@cache
def python_files() -> tuple[str, ...]:
    return tuple(
        name
        for name in tracked_files()
        if name.endswith(".py") and name.partition("/")[0] in PYTHON_FOLDERS
    )


@cache
def parsed(name: str) -> ast.Module:
    return ast.parse(text_of(name), name)


@cache
def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def is_text(name: str) -> bool:
    return b"\0" not in (ROOT / name).read_bytes()[:8192]
