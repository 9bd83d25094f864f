"""The scripts that people copy run as they are, and are recorded without a complaint."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.babysit.attached.scripts import ScriptRun
from tests.babysit.fork_client import ForkServer
from tests.project.files import ROOT, text_of

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
BLOCKS = re.findall(r"```python\n(.*?)```", text_of("docs/own-training.md"), re.S)
FRAMEWORKS = ("lightning", "accelerate", "transformers", "distributed")  # tested elsewhere
PLAIN = [path for path in EXAMPLES if not any(word in path.read_text() for word in FRAMEWORKS)]

pytestmark = pytest.mark.slow


def assert_runs(script: Path, fork_server: ForkServer, tmp_path: Path) -> None:
    run = ScriptRun(fork_server, tmp_path / "var", script, BABYSIT_STOP_AT="12")

    assert run.finish() == 0, run.log()
    recorded = run.read()
    assert recorded.status in ("finished", "stopped")
    assert recorded.of_kind("warned") == []
    assert max(map(len, recorded.points.values())) == 12
    assert all(part["captured"] == "exact" for part in recorded.of_kind("declared")[-1]["parts"])


@pytest.mark.parametrize("script", PLAIN, ids=lambda path: path.stem)
def test_an_example_runs(script: Path, fork_server: ForkServer, tmp_path: Path) -> None:
    assert_runs(script, fork_server, tmp_path)


@pytest.mark.parametrize(
    "number", [n for n, text in enumerate(BLOCKS) if not any(word in text for word in FRAMEWORKS)]
)
def test_a_script_in_the_docs_runs(number: int, fork_server: ForkServer, tmp_path: Path) -> None:
    script = tmp_path / "docs.py"
    script.write_text(BLOCKS[number])

    assert_runs(script, fork_server, tmp_path)


def test_the_readme_shows_the_lines_that_the_docs_explain() -> None:
    [shown] = [text for text in re.findall(r"```python\n(.*?)```", text_of("README.md"), re.S)
               if "babysit.attach" in text]  # fmt: skip
    for line in ("run.epochs(", "run.batches(loader)", "run.log(loss=loss)"):
        assert line in shown
