"""The catalog lists every task, whatever is wrong with one of them."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from app.errors import Invalid, NotReady
from app.task_catalog import TaskCatalog
from app.task_description import Task
from babysit.protocol.hyperparameters import declare

GOOD: dict[str, Any] = {
    "title": "T",
    "summary": "",
    "error": None,
    "default_steps": 100,
    "hyperparameters": [item.to_json() for item in declare([], {}).values()],
}
BAD: list[tuple[dict[str, Any], str]] = [
    ({"title": None}, "title"),
    ({"title": "a\ud800"}, "title"),
    ({"summary": 3}, "summary"),
    ({"default_steps": 10.5}, "default_steps"),
    ({"series": ["m\ud800"]}, "series"),
    ({"error": "a\ud800"}, "error"),
    ({"hyperparameters": [{"name": "x"}]}, "hyperparameters"),
    ({"hyperparameters": [{**GOOD["hyperparameters"][0], "default": -1}]}, "default"),
    ({"hyperparameters": [{**GOOD["hyperparameters"][0], "low": "x"}]}, "low"),
]


@pytest.mark.parametrize(("changed", "field"), BAD, ids=[str(changed)[:40] for changed, _ in BAD])
def test_a_description_that_cannot_be_used_hides_no_other_task(
    changed: dict[str, Any], field: str
) -> None:
    catalog = TaskCatalog()
    catalog.expect(["bad", "good"])
    catalog.add("good", GOOD)

    catalog.add("bad", {**GOOD, **changed})

    bad, good = (Task.model_validate(task.description) for task in catalog.tasks())
    assert good.error is None
    assert bad.error is not None
    assert field in bad.error
    Task.model_dump_json(bad)
    with pytest.raises(Invalid):
        catalog.find("bad", 0)


def test_a_task_whose_data_load_is_not_an_error() -> None:
    catalog = TaskCatalog()
    catalog.expect(["slow"])

    catalog.add("slow", {**GOOD, "error": "Its data are loading."}, is_loading=True)

    assert catalog.is_ready
    with pytest.raises(NotReady, match="still loading"):
        catalog.find("slow", 0)
    catalog.add("slow", GOOD)
    assert catalog.find("slow", 0).error is None


def test_a_task_with_an_error_is_looked_at_again_before_it_is_refused() -> None:
    catalog = TaskCatalog()
    catalog.expect(["mended"])
    catalog.add("mended", {**GOOD, "error": "No module named 'x'"})

    def look() -> None:
        assert catalog.take_requested() == {"mended"}
        catalog.add("mended", GOOD)

    catalog.on_request = lambda: threading.Thread(target=look).start()

    assert catalog.find("mended", 30).error is None


def test_the_page_is_told_only_of_changes() -> None:
    catalog, changes = TaskCatalog(), []
    catalog.on_change = lambda: changes.append(1)
    catalog.expect(["a"])

    for _ in range(3):
        catalog.add("a", GOOD)
    catalog.expect([])

    assert len(changes) == 2
