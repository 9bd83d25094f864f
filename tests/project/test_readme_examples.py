"""README.md's examples do what it says: their very text is run."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.conftest import Serve
from tests.live_server import LiveServer
from tests.project.files import text_of

OWN_TASK_LINES_MAX = 40


def example(language: str, contains: str) -> str:
    """The one code block of README.md in `language` that contains a text."""
    blocks = re.findall(rf"```{language}\n(.*?)```", text_of("README.md"), re.S)
    fitting = [block for block in blocks if contains in block]
    assert len(fitting) == 1, f"{len(fitting)} blocks with {contains!r}"
    return str(fitting[0])


def test_the_task_of_ones_own_is_listed_and_learns(tmp_path: Path, serve: Serve) -> None:
    text = example("python", "TASK = Task(")
    assert len(text.splitlines()) < OWN_TASK_LINES_MAX
    folder = tmp_path / "tasks"
    folder.mkdir()
    (folder / "moons.py").write_text(text)

    with serve(tmp_path / "var", "--no-demo", BABYSIT_MODELS=str(folder)) as server:
        task = server.wait_until(lambda: described(server, "moons"), "moons is described")
        run = server.start_run("moons", steps=1000)
        finished = server.wait_for_status(run["id"], "finished", "failed", timeout_s=60)

    assert task["title"] == "Two moons"
    assert finished["status"] == "finished", finished["error"]
    assert finished["latest"]["val/accuracy"] > 0.95


def described(server: LiveServer, name: str) -> dict[str, str] | None:
    tasks = server.client.get("/api/tasks").json()["tasks"]
    return next((t for t in tasks if t["name"] == name and t["title"] != name), None)


def test_the_api_examples_run(tmp_path: Path, serve: Serve) -> None:
    text = example("sh", "/commands")
    assert "http://127.0.0.1:8000" in text

    # no token from outside: the example reads the one that the server made
    with serve(tmp_path / "var", "--no-demo", BABYSIT_TOKEN="") as server:
        script = text.replace("http://127.0.0.1:8000", server.url)
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr
    assert '"status":"applied"' in ran.stdout.replace(" ", "")


def test_the_commands_it_names_are_there() -> None:
    told = text_of("README.md") + text_of("CONTRIBUTING.md")
    named = set(re.findall(r"(?:`|^)make ([a-z]+)\b", told, re.M))
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.M))

    assert {"run", "test"} <= named
    assert named <= targets
