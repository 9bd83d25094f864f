"""A script is repeated only as the one that made the run, and only if it is registered."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.errors import NotAllowed
from app.store.runs.replay.script_replays import script_to_replay
from babysit.protocol.recipes.recipe import Recipe, Recorded, RecordedScript
from babysit.protocol.spec.run_spec import ScriptSpec
from babysit.protocol.spec.script_files import register
from babysit.protocol.spec.script_start import script_spec


def recipe_of(script: ScriptSpec, ident: str) -> Recipe:
    return Recipe(
        run_id=1,
        name="panda",
        ended="finished",
        task="train.py",
        seed=7,
        steps=2,
        until=2,
        values={},
        made_with={"code_sha256": script.sha256, "versions": {}, "threads": 1, "device": "cpu"},
        changes=(),
        states=(),
        recorded=Recorded(np.array([1, 2]), np.zeros((1, 2)), ("train/cost",)),
        script=RecordedScript(
            id=ident,
            path=script.path,
            argv=script.argv,
            cwd=script.cwd,
            commit=(script.git or {}).get("commit"),
            seed=None,
            limited=False,
        ),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A script in a Git tree, committed."""
    path = tmp_path / "work" / "train.py"
    path.parent.mkdir()
    path.write_text("print('learning')\n")
    git(path.parent, "init", "--quiet")
    commit(path.parent)
    return path


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, timeout=30)


def commit(folder: Path) -> None:
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "as it is")


def test_the_same_script_is_started_as_it_was(path: Path, tmp_path: Path) -> None:
    script = replace(script_spec(path, ["--lr", "0.1"]), supervised=True)
    recipe = recipe_of(script, register(tmp_path, script))
    original = {"path": str(path), "argv": [], "cwd": "", "python": "", "sha256": ""}

    same = script_to_replay(tmp_path, recipe, original | {"environment": {"OMP": "3"}}, None)
    seeded = script_to_replay(tmp_path, recipe, None, 9)

    assert same.script is not None
    assert seeded.script is not None
    assert (same.script["argv"], same.script["seed"]) == (["--lr", "0.1"], None)
    assert (same.script["environment"], seeded.script["seed"]) == ({"OMP": "3"}, 9)


def test_a_script_that_is_not_what_it_was_is_refused_in_words(path: Path, tmp_path: Path) -> None:
    script = script_spec(path, [])
    recipe = recipe_of(script, register(tmp_path, script))

    def refusal() -> str:
        with pytest.raises(NotAllowed) as refused:
            script_to_replay(tmp_path, recipe, None, None)
        return refused.value.message

    commit(path.parent)
    assert "another commit" in refusal()
    text = path.read_text()
    path.write_text("print('something else')\n")
    assert "train.py has another text" in refusal()
    path.write_text(text)
    assert "another commit" in refusal()
    path.unlink()
    assert "cannot be read" in refusal()
    (tmp_path / "scripts" / f"{recipe.script.id if recipe.script else ''}.json").unlink()
    assert "babysit run" in refusal()
