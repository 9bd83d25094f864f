"""What the reader of a loop finds, and what it leaves alone."""

from __future__ import annotations

import ast
import textwrap

import pytest

from babysit.attached.checks.carried import carried_around, filled_in
from tests.babysit.attached.scripts import TRAININGS

CARRYING = {
    "step += 1": ["step"],
    "best = min(best, loss)": ["best"],
    "if loss < best:\n    best = loss": ["best"],
    "mean = 0.9 * mean + 0.1 * loss": ["mean"],
    "print(last)\nlast = loss": ["last"],
    "if step % 10 == 0:\n    total = 0\ntotal += loss": ["total"],
    "try:\n    a = f()\nexcept OSError:\n    pass\nuse(a)": ["a"],
    "while cond(h):\n    h = g()": ["h"],
    "h, (c, d) = cell(x, (h, c))": ["c", "h"],
    "if (n := n + 1) > 3:\n    pass": ["n"],
    "for item in x:\n    seen = [*seen, item]": ["seen"],
    "best: float = max(best, loss)": ["best"],
}
NOT_CARRYING = (
    "loss = f(x)\nloss.backward()",
    "total = 0\nfor item in x:\n    total += item",
    "if a:\n    b = 1\nelse:\n    b = 2\nuse(b)",
    "if a:\n    continue\nelse:\n    b = 2\nuse(b)",
    "names = [n for n in x]\nn = 1",
    "def helper():\n    return step\nhelper()",
    "started = time.perf_counter()",
    "print(time.time() - t0)\nt0 = time.time()",
    "own.step += 1",
    "buffer.append(x)",
    "with open(f) as file:\n    file.read()",
    "try:\n    a = f()\nexcept OSError:\n    continue\nuse(a)",
    "match x:\n    case 1:\n        y = 2\n    case _:\n        y = 3",
)


def found(body: str) -> list[str]:
    text = "for x in run.batches(loader):\n" + textwrap.indent(body, "    ")
    return sorted(item.name for item in carried_around(ast.parse(text), 1))


@pytest.mark.parametrize("body", CARRYING)
def test_what_is_read_before_it_is_set_is_carried(body: str) -> None:
    assert found(body) == CARRYING[body]


@pytest.mark.parametrize("body", NOT_CARRYING)
def test_what_a_turn_sets_first_is_not(body: str) -> None:
    assert found(body) == []


def test_an_outer_loop_carries_what_its_turns_do_not_set() -> None:
    text = textwrap.dedent("""\
        for epoch in run.epochs(3):
            running = 0.0
            for x, y in tqdm(enumerate(run.batches(loader))):
                running += f(x)
            print(running, loss)
            if running < best:
                best = running
        """)
    carried = {item.name: item for item in carried_around(ast.parse(text), 3)}
    assert set(carried) == {"running", "best"}
    assert (carried["best"].read_at, carried["best"].set_at) == (6, 7)
    assert (carried["running"].read_at, carried["running"].set_at) == (4, 4)


def test_a_while_that_takes_its_turns_with_next_is_read() -> None:
    text = "while True:\n    step = next(steps)\n    best = min(best, f(step))\n    total += 1"
    assert {item.name for item in carried_around(ast.parse(text), 2)} == {"best", "total"}


def test_what_only_some_turns_set_and_the_end_reads_is_carried() -> None:
    text = textwrap.dedent("""\
        for epoch in run.epochs(3):
            for x in run.batches(loader):
                loss = f(x)
            if epoch > 1:
                weights = copy(net)
                unused = 1
        use(weights, loss)
        """)
    assert [(item.name, item.read_at) for item in carried_around(ast.parse(text), 2)] == [
        ("weights", 7)
    ]


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ("history.append(loss)", {"history"}),
        ("history['loss'].append(loss)", {"history"}),
        ("best[epoch] = loss", {"best"}),
        ("counts[epoch] += 1", {"counts"}),
        ("fresh = []\n    fresh.append(loss)", set()),
        ("print(history[0])", set()),
    ],
)
def test_what_is_filled_around_the_innermost_loop_is_found(change: str, names: set[str]) -> None:
    inner = "    for x in run.batches(a):\n        b.append(x)\n"
    text = f"for epoch in run.epochs(3):\n{inner}    {change}"
    assert filled_in(ast.parse(text), 2) == names


@pytest.mark.parametrize("path", sorted(TRAININGS.glob("*.py")), ids=lambda path: path.stem)
def test_there_is_no_false_alarm_in_the_trainings(path) -> None:  # type: ignore[no-untyped-def]
    text = path.read_text()
    tree = ast.parse(text)
    at = max(
        node.lineno for node in ast.walk(tree) if isinstance(node, ast.For) and _is_loop(node, text)
    )
    assert carried_around(tree, at) == []
    assert filled_in(tree, at) == set()


def _is_loop(node: ast.For, text: str) -> bool:
    return "run." in (ast.get_source_segment(text, node.iter) or "")
