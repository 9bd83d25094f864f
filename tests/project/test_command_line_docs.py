"""docs/command-line.md: every command and every line of Python on it is run as it is written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Serve
from tests.live_server import LiveServer
from tests.project.files import ROOT, text_of

PAGE = "docs/command-line.md"
WITHIN_S = 120


def blocks(language: str) -> list[str]:
    found = re.findall(rf"```{language}\n(.*?)```", text_of(PAGE), re.S)
    assert found, language
    return found


@pytest.fixture
def panda(data_dir: Path, serve: Serve) -> Iterator[LiveServer]:
    """A server with one run, named as in the examples, in the folder that `babysit` looks at."""
    with serve(data_dir, "--no-demo", BABYSIT_TOKEN="") as server:
        run = server.start_run("spirals", name="panda", steps=20_000, max_steps_per_s=100)
        server.wait_for_step(run["id"], 5)
        yield server


def ran(server: LiveServer, *command: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if "BABYSIT_" not in name}
    return subprocess.run(
        command,
        cwd=server.data_dir.parent,
        env=inherited | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )


def test_every_command_on_the_page_does_what_it_says(panda: LiveServer) -> None:
    define = f'babysit() {{ {sys.executable} -m app.cli "$@"; }}\n'
    script = define + "\n".join(blocks("sh"))

    finished = ran(panda, "bash", "-euo", "pipefail", "-c", script)

    assert (finished.returncode, finished.stderr) == (0, ""), finished.stdout
    verbs = set(re.findall(r"^babysit (\w+)", "\n".join(blocks("sh")), re.M))
    listed = set(re.findall(r"^    (\w+) ", ran(panda, *command("--help")).stdout, re.M))
    assert verbs >= listed & {"ls", "status", "set", "pause", "resume", "stop", "fork", "open"}
    assert re.search(r"^from step [\d,]+: learning_rate 0\.01 → 0\.02", finished.stdout, re.M)


def command(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "app.cli", *arguments)


def test_the_python_on_the_page_runs(panda: LiveServer) -> None:
    finished = ran(panda, sys.executable, "-c", "\n".join(blocks("python")))

    assert (finished.returncode, finished.stderr) == (0, ""), finished.stdout
    assert finished.stdout.splitlines()[-1].startswith("The run is stopped")
