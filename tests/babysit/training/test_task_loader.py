"""The hash of a task's code covers the modules of its own that it imports, and no others."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from babysit.training.task_loader import load_task
from tests.babysit.worker_harness import Lab

HASH = (
    "import sys; from pathlib import Path; from babysit.training.task_loader import *;"
    "file = Path(sys.argv[1]); load_task(file); print(code_sha256(file))"
)
TASK = """
import torch
from torch import nn
from babysit.task import Data, Examples, Task, mean_squared_error

def load():
    x = torch.linspace(0, 1, 40).reshape(-1, 1)
    return Data(train=Examples(x, 2 * x), val=Examples(x, 2 * x))

TASK = Task(title="Line", summary="", kind="regression", load=load, cost=mean_squared_error,
            build=lambda values: nn.Linear(1, 1))
"""


SHADOWS = """
import sys
from pathlib import Path
from babysit.training.task_loader import load_task
load_task(Path(sys.argv[1]))
import calendar, own_helper
print(Path(calendar.__file__).parent.name, Path(own_helper.__file__).parent.name)
"""


LOOKED_UP = """
import os, sys
from pathlib import Path
from babysit.training.task_loader import code_sha256, load_task
file = Path(sys.argv[1])
load_task(file)
found, look_up = [], ("call", os.path.realpath.__code__)
sys.setprofile(lambda frame, kind, _: found.append((kind, frame.f_code)))
code_sha256(file)
sys.setprofile(None)
print(found.count(look_up))
"""


def code_sha256(file: Path) -> str:
    """As a process that has just started computes it."""
    command = [sys.executable, "-c", HASH, str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_hash_of_a_single_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / "line.py"
    file.write_text(TASK)
    (tmp_path / "other.py").write_text("SCALE = 1")  # nothing imports it

    assert code_sha256(file) == hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_hash_changes_with_a_module_that_the_task_imports(tmp_path: Path) -> None:
    file, helper = tmp_path / "line.py", tmp_path / "line_parts" / "part.py"
    file.write_text("import line_parts.part\n" + TASK)
    helper.parent.mkdir()
    helper.write_text("SCALE = 1")
    before = code_sha256(file)

    helper.write_text("SCALE = 2")

    assert code_sha256(file) != before


def test_installed_modules_are_not_looked_up_on_the_disk_for_the_hash(tmp_path: Path) -> None:
    """Torch alone is some 2,000 files, and a run cannot begin before its hash is known."""
    (tmp_path / "_scale.py").write_text("SCALE = 1")
    (tmp_path / "line.py").write_text("from _scale import SCALE\n" + TASK)
    command = [sys.executable, "-c", LOOKED_UP, str(tmp_path / "line.py")]

    ran = subprocess.run(command, capture_output=True, text=True, check=True)

    assert int(ran.stdout) < 50


def test_a_fork_with_a_changed_helper_is_called_not_exact(lab: Lab) -> None:
    (lab.models / "_line_scale.py").write_text("SCALE = 1.0")
    task = lab.task("scaled-line", "from _line_scale import SCALE\n" + TASK)
    run = lab.start(task, steps=5).finished()
    (lab.models / "_line_scale.py").write_text("SCALE = 1.000")

    fork = lab.fork(run, run.checkpoints()[0], steps=5)

    warned = [event["message"] for event in fork.finished().said("warned")]
    assert any("another task's code" in message for message in warned)


def test_a_folder_of_tasks_shadows_no_module_of_the_standard_library(tmp_path: Path) -> None:
    """A task may be called `calendar`; the modules beside a task can still be imported."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "line.py").write_text(TASK)
    (folder / "calendar.py").write_text("raise SystemExit('the wrong calendar')")
    (folder / "own_helper.py").touch()
    command = [sys.executable, "-P", "-c", SHADOWS, str(folder / "line.py")]

    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ran.stdout.split()[1:] == ["own"], ran.stderr
    assert "python" in ran.stdout.split()[0]


def test_a_fork_is_called_not_exact_for_a_helper_that_build_imports(lab: Lab) -> None:
    helper = lab.models / "_late_scale.py"
    helper.write_text("SCALE = 1.0")
    late = TASK.replace("lambda values: nn.Linear(1, 1)", "build").replace(
        "TASK =",
        "def build(values):\n    import _late_scale\n    return nn.Linear(1, 1)\n\nTASK =",
    )
    run = lab.start(lab.task("late-line", late), steps=5).finished()
    same = lab.fork(run, run.checkpoints()[0], steps=5).finished()
    helper.write_text("SCALE = 1.000")

    fork = lab.fork(run, run.checkpoints()[0], steps=5).finished()

    assert same.said("warned") == []
    assert any("another task's code" in event["message"] for event in fork.said("warned"))


def test_a_fork_with_other_validation_data_is_called_not_exact(lab: Lab) -> None:
    run = lab.start(lab.task("val-line", TASK), steps=5).finished()
    lab.task("val-line", TASK.replace("val=Examples(x, 2 * x)", "val=Examples(x, 3 * x)"))

    fork = lab.fork(run, run.checkpoints()[0], steps=5).finished()

    warned = [event["message"] for event in fork.said("warned")]
    assert any("validation data" in message for message in warned)


def test_a_task_imports_the_modules_beside_it_relatively_and_its_hash_covers_them(
    tmp_path: Path,
) -> None:
    file, helper = tmp_path / "line.py", tmp_path / "_part.py"
    helper.write_text("SCALE = 1")
    file.write_text("from ._part import SCALE\n" + TASK)
    before = code_sha256(file)

    helper.write_text("SCALE = 2")

    assert code_sha256(file) != before


def test_an_edit_of_the_same_size_within_a_second_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The fault needs bytecode, whatever PYTHONDONTWRITEBYTECODE says here.
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file = tmp_path / "line.py"
    file.write_text(TASK.replace("TASK = Task(", "TASK = Task(steps=11, "))
    first = load_task(file).steps
    changed_s = file.stat().st_mtime

    file.write_text(TASK.replace("TASK = Task(", "TASK = Task(steps=12, "))
    os.utime(file, (changed_s, changed_s))

    assert (first, load_task(file).steps) == (11, 12)
