"""How a script of somebody's own is started, as far as results may depend on it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from babysit.protocol.spec.run_spec import ScriptSpec

GIT_WITHIN_S = 2.0
# Variables that results may depend on. Others may hold secrets, and stay out of the run.
KEPT_VARIABLES = frozenset({"PYTHONPATH", "PYTHONHASHSEED", "PATH", "VIRTUAL_ENV", "HOME", "LANG"})
KEPT_PREFIXES = ("CUDA_", "OMP_", "MKL_", "OPENBLAS_", "TORCH_", "NVIDIA_", "LD_", "BABYSIT_")
SECRET_WORDS = ("TOKEN", "SECRET", "PASSWORD", "KEY", "DATABASE_URL")


def script_spec(path: Path, argv: list[str], *, supervised: bool = False) -> ScriptSpec:
    """What is known of a script, from this process."""
    return ScriptSpec(
        path=str(path),
        argv=argv,
        cwd=os.getcwd(),
        python=sys.executable,
        sha256=text_sha256(path),
        environment=kept_environment(),
        git=git_state(path.parent),
        supervised=supervised,
        processes=_processes(),
    )


def text_sha256(path: Path) -> str:
    """The SHA-256 of a script's text; "" if it is none that can be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:  # standard input, a notebook
        return ""


def _processes() -> int:
    """How many torchrun started, of which this is one."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return 1
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def kept_environment() -> dict[str, str]:
    """The variables of this process that results may depend on, without secrets."""
    return {
        name: value
        for name, value in os.environ.items()
        if (name in KEPT_VARIABLES or name.startswith(KEPT_PREFIXES))
        and not any(word in name.upper() for word in SECRET_WORDS)
    }


def git_state(folder: Path) -> dict[str, Any] | None:
    """The commit of the folder's tree, and whether all of it is committed; None without git."""
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return None
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return None if commit is None else {"commit": commit, "clean": changes == ""}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=GIT_WITHIN_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
