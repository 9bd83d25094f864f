"""`babysit prove` says equal of trainings that are, and names what others lose."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from babysit.attached.prove import Verdict, options_of, prove, told
from tests.babysit.attached.scripts import TRAININGS, exit_code_of, training
from tests.babysit.fork_client import ForkServer
from tests.sizes import PROVED_TRAININGS, chosen

LOSING = TRAININGS / "losing"

KEEPING_ALL = ("mlp", "gan", "unfreezing", "replay_buffer")
# A script -> the series that differs, and what is said of it.
FOUND = {
    "counter": ("train/loss", "`own = run.keep(step=step)`"),
    "buffer": ("train/loss", "`own = run.keep(recent=recent)`"),
    "lopsided": ("train/smoothed", "smoothed: its state_dict does not bring back count"),
    "sampler": ("train/loss", "its sampler keeps a state of its own"),
}


def proved(fork_server: ForkServer, script: Path, *arguments: str, steps: int) -> Verdict:
    def start(directory: Path) -> int:
        fork_server.work(directory, 1, may_retry=False)
        return exit_code_of(directory, 1)

    return prove(script, list(arguments), steps, start)


@pytest.mark.slow
@pytest.mark.parametrize("name", chosen(KEEPING_ALL, PROVED_TRAININGS))
def test_a_training_that_keeps_all_is_equal(name: str, fork_server: ForkServer) -> None:
    verdict = proved(fork_server, training(name), steps=35)
    assert verdict.result == "equal", told(verdict)
    assert verdict.exit_code == 0
    assert (verdict.continued_from, verdict.last_step) == (35, 70)
    assert verdict.reasons == []


@pytest.mark.slow
@pytest.mark.parametrize("name", FOUND)
def test_what_a_script_loses_is_found_and_named(name: str, fork_server: ForkServer) -> None:
    series, reason = FOUND[name]
    verdict = proved(fork_server, LOSING / f"{name}.py", steps=15)
    assert verdict.result == "differs", told(verdict)
    assert verdict.exit_code == 1
    assert verdict.first is not None
    assert verdict.first.name == series
    assert 16 <= verdict.first.step <= 21
    assert f"{verdict.first.whole}" in verdict.message
    assert f"{verdict.first.continued}" in verdict.message
    assert any(reason in text for text in verdict.reasons), told(verdict)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise ValueError('no data')", "no data"),
        ("print('done')", "without calling babysit.attach"),
        ("import babysit\nfor _ in babysit.attach().steps(9): pass", "ended after 9 steps"),
        ("import sys\nsys.exit(3)", "exit code 3"),
    ],
)
def test_a_script_that_cannot_be_continued_is_told_apart(
    body: str, words: str, fork_server: ForkServer, tmp_path: Path
) -> None:
    script = tmp_path / "a script.py"
    script.write_text(body)
    verdict = proved(fork_server, script, steps=15)
    assert (verdict.result, verdict.exit_code) == ("could not", 2)
    assert words in verdict.message


def test_options_stand_before_or_after_the_arguments() -> None:
    assert options_of(["a.py"]) == (["a.py"], 40, False)
    assert options_of(["-n", "7", "a.py", "--lr", "1", "--json"]) == (
        ["a.py", "--lr", "1"],
        7,
        True,
    )
    assert options_of(["a.py", "--", "-n", "x"]) == (["a.py", "-n", "x"], 40, False)
    for words in ([], ["-n", "0", "a.py"], ["a.py", "-n"], ["-n", "many", "a.py"]):
        with pytest.raises(ValueError, match="Usage"):
            options_of(words)


@pytest.mark.slow
def test_the_command_exits_with_the_result(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app.cli", "prove"]
    done = subprocess.run(
        [*command, str(LOSING / "counter.py"), "--json", "-n", "5"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    told_as_json = json.loads(done.stdout)
    assert told_as_json["result"] == "differs"
    assert told_as_json["first"]["name"] == "train/loss"
    missing = subprocess.run(
        [*command, str(tmp_path / "none.py")], capture_output=True, text=True, check=False
    )
    assert (missing.returncode, missing.stdout) == (2, f"There is no file {tmp_path}/none.py.\n")
