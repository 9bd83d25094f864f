"""`babysit replay`: its exit code and its one line say whether all was equal to the last bit."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from babysit.protocol.recipes.plain_yaml import read_recipe, write_recipe
from babysit.storage.server_file import server_of
from tests.app.steered_run import last_state, over, recipe_of
from tests.conftest import Serve
from tests.live_server import LiveServer

RATE = 0.0123


@pytest.fixture(scope="module")
def original(shared: LiveServer) -> int:
    """A run with a change by hand in a pause."""
    asked = {"seed": 5, "values": {"dropout": 0.1}, "name": "panda"}
    run = shared.start_run("spirals", steps=60, max_steps_per_s=60, **asked)
    shared.client.post(f"/api/runs/{run['id']}/commands", json={"kind": "pause"})
    shared.wait_for_status(run["id"], "paused")
    shared.command(run["id"], "set", values={"learning_rate": RATE}, note="in a pause")
    shared.command(run["id"], "resume")
    return int(over(shared, run)["id"])


@pytest.fixture(scope="module")
def recipe(shared: LiveServer, original: int) -> str:
    return recipe_of(shared, original)


@pytest.fixture
def file(tmp_path: Path, recipe: str) -> Path:
    path = tmp_path / "panda.yaml"
    path.write_text(recipe)
    return path


def command(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if "BABYSIT_" not in name}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "replay", *map(str, arguments)],
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def through(server: LiveServer, file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """By the server: it has torch already, which takes a worker of one's own seconds."""
    where = ("--data-dir", server.data_dir)
    return command(file, *arguments, *where, BABYSIT_TOKEN=server.token)


def test_through_the_server_of_a_data_directory(
    shared: LiveServer, original: int, file: Path
) -> None:
    ran = through(shared, file)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "equal to the last bit" in ran.stdout
    newest = shared.client.get("/api/runs").json()["runs"][0]
    assert (newest["name"], newest["status"]) == ("Replay of panda", "finished")
    assert last_state(shared, newest["id"]) == last_state(shared, original)


def test_alone_where_there_is_no_server(tmp_path: Path, file: Path) -> None:
    ran = command(file, "--data-dir", tmp_path / "var")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == "'panda' is equal to the last bit, up to its last step, 60.\n"
    assert not (tmp_path / "var").exists()


def test_on_another_seed_it_only_runs(shared: LiveServer, file: Path) -> None:
    ran = through(shared, file, "--seed", "6")

    assert ran.returncode == 0
    assert "another seed, 6 instead of 5: step 60" in ran.stdout
    assert "val/cost" in ran.stdout


def test_another_rate_differs_from_its_first_update_on(tmp_path: Path, file: Path) -> None:
    recipe = read_recipe(file.read_text())
    file.write_text(
        file.read_text().replace(f"{{learning_rate: {RATE}}}", "{learning_rate: 0.0124}", 1)
    )

    ran = command(file, "--data-dir", tmp_path)

    step = recipe.changes[0].step + 1
    assert ran.returncode == 1
    assert f"differs first at step {step}: learning_rate was {RATE}, is 0.0124" in ran.stdout


def test_another_cost_is_named_with_its_step(shared: LiveServer, file: Path) -> None:
    recipe = read_recipe(file.read_text())
    values = recipe.recorded.values.copy()
    values[0, 40] = math.nextafter(was := values[0, 40], np.inf)  # the last bit, at step 41
    file.write_text(write_recipe(replace(recipe, recorded=replace(recipe.recorded, values=values))))

    ran = through(shared, file)

    assert ran.returncode == 1
    assert f"differs first at step 41: train/cost was {values[0, 40]}, is {was}" in ran.stdout


def test_another_seed_in_the_file_differs_from_the_beginning(
    shared: LiveServer, file: Path
) -> None:
    file.write_text(file.read_text().replace("\nseed: 5\n", "\nseed: 6\n"))

    ran = through(shared, file)

    assert ran.returncode == 1
    assert "differs first at step 0: weights_sha256" in ran.stdout


def test_other_code_is_warned_of_and_run(shared: LiveServer, file: Path) -> None:
    code = read_recipe(file.read_text()).made_with["code_sha256"]
    file.write_text(file.read_text().replace(code, "ab" * 32))

    ran = through(shared, file)

    assert ran.returncode == 0
    assert "equal to the last bit" in ran.stdout
    assert "another task's code than in the recipe" in ran.stderr


def test_an_unknown_task_is_a_problem_of_its_own(
    shared: LiveServer, tmp_path: Path, file: Path
) -> None:
    file.write_text(file.read_text().replace("task: spirals", "task: circles"))

    alone = command(file, "--data-dir", tmp_path)
    by_the_server = through(shared, file)

    for ran in (alone, by_the_server):
        assert (ran.returncode, ran.stdout) == (2, "")
        assert "Task not found" in ran.stderr.splitlines()[-1]


def test_what_cannot_be_done_is_said_in_one_line(tmp_path: Path, file: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("format: 1\nseed: 3\n")

    problems = {
        "is not a recipe": command(bad),
        "cannot read": command(tmp_path / "none.yaml"),
        "--seed must be": command(file, "--seed", "-1"),
        "cannot be reached": command(file, BABYSIT_URL="http://127.0.0.1:9"),
    }

    for words, ran in problems.items():
        assert (ran.returncode, ran.stdout) == (2, ""), words
        assert len(ran.stderr.splitlines()) == 1
        assert words in ran.stderr


def test_a_server_says_where_it_is_only_while_it_serves(serve: Serve, data_dir: Path) -> None:
    with serve(data_dir, "--no-demo") as server:
        said = data_dir / "server.json"
        assert said.stat().st_mode & 0o777 == 0o600
        assert json.loads(said.read_text()) == {
            "url": server.url,
            "page": f"{server.url}/",
            "token_from": "BABYSIT_TOKEN",
            "pid": server.process.pid,
        }
        assert (server_of(data_dir) or {})["url"] == server.url

        server.kill()

        assert said.exists()
        assert server_of(data_dir) is None  # what a killed one left counts for nothing

    with serve(data_dir, "--no-demo") as server:
        assert (server_of(data_dir) or {})["url"] == server.url
    assert not said.exists()
