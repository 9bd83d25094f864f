"""What a script takes beside its loops: kept in its place, or said to begin anew."""

from __future__ import annotations

import ast
import textwrap

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from babysit.attached.checks.iterators import begun_anew
from babysit.attached.recording import Recording
from babysit.attached.run import Run
from babysit.attached.state.loops import Place
from babysit.attached.state.training import ScriptTraining
from babysit.training.checkpoint import Snapshot

ANEW = {
    "for i, x in enumerate(run.batches(loader)):\n    use(i)": "run.enumerate(...)",
    "for i, x in tqdm(enumerate(run.batches(loader))):\n    use(x)": "run.enumerate(...)",
    "for i, x in enumerate(tqdm(run.steps(9)), 1):\n    use(i)": "run.enumerate(...)",
    "for e, _ in enumerate(run.epochs(9)):\n    use(e)": "run.enumerate(...)",
    "for x, y in zip(run.batches(a), b):\n    use(x)": "run.batches(zip(a, b))",
    "for x in run.batches(a):\n    u = next(more)": "more = run.endless(loader)",
    "for x in run.batches(a):\n    u = next(self.more)": "self.more = run.endless(loader)",
    "for x in run.batches(a):\n    try:\n        u = next(it)\n    except StopIteration:\n"
    "        it = iter(b)\n        u = next(it)": "it = run.endless(loader)",
}
NOT_ANEW = (
    "for _, x in enumerate(run.batches(loader)):\n    use(x)",
    "for i, x in run.enumerate(run.batches(loader)):\n    use(i)",
    "for x, y in run.batches(zip(a, b)):\n    use(x)",
    "for x in run.batches(loader):\n    for i, y in enumerate(x):\n        use(i)",
    "for x in run.batches(loader):\n    y = next(iter(x))",
    "for x in run.batches(loader):\n    it = iter(x)\n    y = next(it)",
    "for x in run.batches(loader):\n    y = next(kept)",
    "while True: x = next(kept); use(x)",
)


def said(text: str) -> list[str]:
    return begun_anew(ast.parse(text), 1, is_kept=lambda name: name == "kept")


@pytest.mark.parametrize("text", ANEW)
def test_what_begins_anew_is_said_with_what_to_write(text: str) -> None:
    (only,) = said(text)
    assert ANEW[text] in only
    assert "begins anew" in only


@pytest.mark.parametrize("text", NOT_ANEW)
def test_what_does_not_is_left_alone(text: str) -> None:
    assert said(text) == []


def test_the_innermost_loop_is_read_for_next() -> None:
    text = textwrap.dedent("""\
        for epoch in run.epochs(3):
            it = iter(b)
            for x in run.batches(a):
                u = next(it)
        """)
    assert len(begun_anew(ast.parse(text), 3)) == 1


def a_run() -> Run:
    return Run(Recording(ScriptTraining(seed=1, made_with={}), None))


def loader() -> DataLoader[tuple[torch.Tensor, ...]]:
    return DataLoader(TensorDataset(torch.arange(10)), batch_size=3, shuffle=True)


def test_enumerate_counts_turns_epochs_and_plain_loops() -> None:
    run = a_run()
    seen = []
    for epoch, also in run.enumerate(run.epochs(2)):
        assert epoch == also
        for number, turn in run.enumerate(run.steps(3), start=1):
            seen.append((number, turn))
            assert list(run.enumerate(run.steps(2))) == [(0, 0), (1, 1)]

    assert seen == [(1, 0), (2, 1), (3, 2)] * 2


def test_enumerate_goes_on_counting_in_a_continued_run() -> None:
    run = a_run()
    run._recording.training.places.target = Place(top=1, epoch=1, inner=1, index=2)

    seen = [
        (also, number, turn)
        for also, _ in run.enumerate(run.epochs(2))
        for number, turn in run.enumerate(run.steps(4))
    ]

    assert seen == [(1, 2, 2), (1, 3, 3)]


def test_what_is_logged_before_the_state_is_back_is_not_recorded() -> None:
    state = Snapshot({}, {}, {}, {})
    recording = Recording(ScriptTraining(seed=1, made_with={}), None, state)

    Run(recording).log({"val/fold": 1.0})  # behind a loop that is passed over

    assert recording._logged.take() == {}


def test_an_endless_iterator_goes_on_in_its_place() -> None:
    run, again = a_run(), a_run()
    more = run.endless(loader())
    for _ in range(6):
        next(more)
    state = run._recording.training.parts.capture()
    expected = [next(more)[0].tolist() for _ in range(9)]

    other = again.endless(loader())
    assert again._recording.training.parts.restore(state) == []

    assert [next(other)[0].tolist() for _ in range(9)] == expected
    assert len({str(item) for item in expected}) > 4


def test_an_endless_iterator_of_nothing_ends() -> None:
    assert list(a_run().endless([])) == []


def test_what_an_epoch_makes_is_not_kept_in_the_next() -> None:
    run = a_run()
    outside = run.keep(best=1.0)
    orders = []
    for epoch in run.epochs(3):
        inside = run.keep(total=float(epoch))
        orders.append([next(run.endless(loader()))[0].tolist() for _ in range(1)])
        for _ in run.steps(2):
            training = run._recording.training
            assert training.kept.namespaces == [outside, inside]
            assert list(training.parts.by_name) == ["endless"]
    assert orders[0] != orders[1] or orders[1] != orders[2]
    for _ in run.steps(1):
        assert run._recording.training.kept.namespaces == [outside]
