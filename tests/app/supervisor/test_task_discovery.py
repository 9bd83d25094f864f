"""Task files are described independently, again when they change, and again when they failed.

The fork server of these tests starts in a folder whose `random.py` and `babysit/` must not be
imported.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from app.errors import Invalid, NotReady
from app.supervisor.tasks.task_discovery import TaskDiscovery
from app.task_catalog import TaskCatalog, TaskInfo
from tests.babysit.fork_client import ForkServer
from tests.babysit.waiting import wait_until

WITHIN_S = 60.0
TASK = """
import pathlib
import torch
from torch import nn
from babysit.task import Data, Examples, Task
HERE = pathlib.Path(__file__).parent

def load():
    {load}
    x = torch.zeros(8, 1)
    return Data(train=Examples(x, x), val=Examples(x, x))

TASK = Task(title={title}, summary="", load=load, build=lambda values: nn.Linear(1, 1))
"""


def source(title: str = '"T"', load: str = "pass") -> str:
    return TASK.format(title=title, load=load)


@pytest.fixture(scope="module")
def fork_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    hostile = tmp_path_factory.mktemp("hostile")
    (hostile / "random.py").write_text("raise SystemExit('the wrong random')")
    (hostile / "babysit").mkdir()
    (hostile / "babysit" / "__init__.py").write_text("raise SystemExit('the wrong babysit')")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(hostile)
        started = ForkServer(tmp_path_factory.mktemp("models"))
    assert started.torch, "the fork server has not started"
    yield started
    started.close()


@pytest.fixture
def discover(
    fork_server: ForkServer, tmp_path: Path
) -> Iterator[Callable[[], tuple[TaskCatalog, Path]]]:
    """Starts the discovery of the tasks in a folder."""
    started: list[TaskDiscovery] = []
    folder = tmp_path / "models"
    folder.mkdir()

    def start() -> tuple[TaskCatalog, Path]:
        catalog = TaskCatalog()
        discovery = TaskDiscovery(
            [folder], tmp_path / "tasks.json", catalog, fork_server, slow_after_s=0.5
        )
        started.append(discovery)
        discovery.start()
        return catalog, folder

    yield start
    for discovery in started:
        discovery.close()


Discover = Callable[[], tuple[TaskCatalog, Path]]


def listed(catalog: TaskCatalog, name: str, is_so: Callable[[TaskInfo], bool]) -> TaskInfo:
    def look() -> TaskInfo | None:
        task = catalog.get(name)
        return task if task is not None and is_so(task) else None

    return wait_until(look, is_alive=lambda: True, what=f"the task {name}")


def test_a_task_that_loads_for_long_is_listed_as_loading_and_starts_later(
    discover: Discover, tmp_path: Path
) -> None:
    folder = tmp_path / "models"
    os.mkfifo(folder / "go")  # whoever opens it waits for a writer
    waits = '(HERE / "go").read_text()'
    for number in range(4):  # more than are described at once
        (folder / f"a_slow_{number}.py").write_text(source(load=waits))
    (folder / "quick.py").write_text(source())
    catalog, _ = discover()

    assert catalog.find("quick", WITHIN_S).error is None  # it waits for no other one
    loading = listed(catalog, "a-slow-0", lambda task: task.is_loading)
    assert "have been loading" in (loading.error or "")
    with pytest.raises(NotReady):
        catalog.find("a-slow-0", 0.1)

    (folder / "go").write_text("")
    assert catalog.find("a-slow-0", WITHIN_S).error is None


def test_a_failure_whose_cause_is_gone_is_found_out_when_the_task_is_wanted(
    discover: Discover, tmp_path: Path
) -> None:
    folder = tmp_path / "models"
    (folder / "needs_file.py").write_text(source(load='(HERE / "numbers.csv").read_text()'))
    (folder / "needs_module.py").write_text(source(load="import arrives_later"))
    catalog, _ = discover()
    for name in ("needs-file", "needs-module"):
        with pytest.raises(Invalid, match="cannot be started"):
            catalog.find(name, WITHIN_S)

    (folder / "numbers.csv").write_text("1")
    (folder / "arrives_later.py").write_text("")

    for name in ("needs-file", "needs-module"):
        found = partial(_found, catalog, name)
        wait_until(found, is_alive=lambda: True, what=f"{name} starts")


def _found(catalog: TaskCatalog, name: str) -> bool | None:
    try:
        return catalog.find(name, WITHIN_S).error is None
    except Invalid:
        return None


def test_an_edit_is_seen_however_many_files_lie_beside_the_task(
    discover: Discover, tmp_path: Path
) -> None:
    folder = tmp_path / "models"
    many = folder / "a_venv" / "lib"
    many.mkdir(parents=True)
    for number in range(1_100):
        (many / f"m{number}.py").touch()
    (folder / "_names.py").write_text("TITLE = 'before'")
    text = source(title="_names.TITLE").replace("import torch\n", "import torch, _names\n")
    (folder / "titled.py").write_text(text)
    catalog, _ = discover()
    assert catalog.find("titled", WITHIN_S).description["title"] == "before"

    (folder / "_names.py").write_text("TITLE = 'after'")

    listed(catalog, "titled", lambda task: task.description["title"] == "after")


def test_a_helper_that_could_not_be_imported_is_watched_too(
    discover: Discover, tmp_path: Path
) -> None:
    folder = tmp_path / "models"
    (folder / "_broken.py").write_text("TITLE = (")
    text = source(title="_broken.TITLE").replace("import torch\n", "import torch, _broken\n")
    (folder / "helped.py").write_text(text)
    catalog, _ = discover()
    listed(catalog, "helped", lambda task: "SyntaxError" in (task.error or ""))

    (folder / "_broken.py").write_text("TITLE = 'mended'")

    listed(catalog, "helped", lambda task: task.description["title"] == "mended")


def test_the_descriptions_are_known_at_once_after_a_restart(
    discover: Discover, tmp_path: Path
) -> None:
    (tmp_path / "models" / "kept.py").write_text(source())
    catalog, _ = discover()
    described = catalog.find("kept", WITHIN_S)
    wait_until(
        lambda: (tmp_path / "tasks.json").exists() or None, is_alive=lambda: True, what="the cache"
    )

    again, _ = discover()

    assert again.get("kept") == described
