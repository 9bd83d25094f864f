"""The reader of a loop names what it carries from turn to turn, and raises no false alarm."""

from __future__ import annotations

import pytest

from babysit.attached.carried import read_loop
from tests.babysit.attached.reading import reading

CARRIED = {
    "the best so far": (
        """
        best = 0.0
        for epoch in range(9):  # here
            score = evaluate(net)
            if score > best:
                best = score
        """,
        "best",
        "best=0.0",
    ),
    "a counter of steps, seen from the inner loop": (
        """
        step = 0
        for epoch in range(9):
            for x, y in loader:  # here
                weight = min(1.0, step / 100)
                step += 1
        """,
        "step",
        "step=0",
    ),
    "an average of an epoch, seen from the inner loop": (
        """
        for epoch in range(9):
            running, seen = 0.0, []
            for x, y in loader:  # here
                loss = train(x, y)
                running += loss.item()
        """,
        "running",
        "running=0.0",
    ),
    "a moving baseline": (
        """
        for episode in range(9):  # here
            returns = play(policy)
            baseline = 0.9 * baseline + 0.1 * returns.mean()
        """,
        "baseline",
        "baseline=baseline",
    ),
    "what only some turns set": (
        """
        for i in range(9):  # here
            if i % 5 == 0:
                score = evaluate(net)
            print(score)
        """,
        "score",
        "score=score",
    ),
    "an iterator that begins again": (
        """
        batches = iter(loader)
        while step < 9:  # here
            try:
                x = next(batches)
            except StopIteration:
                batches = iter(loader)
                x = next(batches)
        """,
        "batches",
        "batches=batches",
    ),
    "an attribute": (
        """
        class Trainer:
            def train(self):
                self.seen = 0
                for x in self.loader:  # here
                    self.seen += len(x)
        """,
        "self.seen",
        "seen=0",
    ),
    "a global of a function that is called": (
        """
        count: int = 0

        def advance(x):
            global count
            count += 1
            loss = x

        for x in loader:  # here
            advance(x)
        """,
        "count",
        "count=0",
    ),
    "a nonlocal of a closure in the turn": (
        """
        def train():
            tries = 0
            for x in loader:  # here
                def closure():
                    nonlocal tries
                    tries += 1
                    return net(x)
                opt.step(closure)
        """,
        "tries",
        "tries=0",
    ),
    "what is assigned while it is tested": (
        """
        low = float("inf")
        for x in loader:  # here
            if (loss := net(x)) < low and (low := loss):
                save()
        """,
        "low",
        "low=float('inf')",
    ),
    "what a test sets that may not be made": (
        """
        for x in loader:  # here
            if x and (y := f(x)):
                print(x)
            print(y)
        """,
        "y",
        "y=y",
    ),
    "the namesake of a comprehension's variable": (
        """
        for x in loader:  # here
            print([a for a in x], a)
            a = x
        """,
        "a",
        "a=a",
    ),
    "what is not set where an endless loop is left": (
        """
        for x in loader:  # here
            while True:
                if f(x):
                    break
                y = x
            print(y)
        """,
        "y",
        "y=y",
    ),
    "what a case sets": (
        """
        for x in loader:  # here
            match x:
                case 1:
                    mode = "one"
                case 2:
                    mode = "two"
            run_in(mode)
        """,
        "mode",
        "mode=mode",
    ),
}


@pytest.mark.parametrize(("source", "name", "given"), CARRIED.values(), ids=CARRIED)
def test_what_a_turn_reads_before_it_sets_it_is_carried(source: str, name: str, given: str) -> None:
    found = reading(source)

    assert [item.name for item in found.carried] == [name]
    assert found.line_to_add == f"own = run.keep({given})"
    assert name not in found.changed


NOTHING = {
    "losses of each turn, printed after the inner loop": """
        for epoch in range(9):  # here
            order = torch.randperm(100)
            for i in range(0, 100, 10):
                loss = net(X[order[i:i + 10]])
                loss.backward()
            with torch.no_grad():
                score = (net(X) == Y).mean()
            print(loss, score)
        """,
    "what both branches set": """
        for x in loader:  # here
            if x.ndim > 2:
                y = x.flatten(1)
            else:
                y = x
            z = y if y.ndim else y[None]
            z = z + 1
        """,
    "what a skipped turn does not need": """
        for x in loader:  # here
            if x is None:
                continue
            else:
                y = f(x)
            print(y)
        """,
    "an inner loop that is left early": """
        for episode in range(9):  # here
            obs, done = env.reset(), False
            while not done:
                obs, reward, done = env.step(policy(obs))
                if reward < 0:
                    break
            while True:
                y = obs + 1
                if y > 3:
                    break
            print(reward, y)
        """,
    "an inner loop over few batches": """
        for epoch in range(9):  # here
            for i, x in enumerate(loader):
                if i >= few:
                    break
                loss = f(x)
            print(loss)
        """,
    "what is never run": """
        for x in loader:  # here
            if x is None:
                continue
                print(y)
            y = f(x)
        """,
    "variables of comprehensions and lambdas": """
        for x in loader:  # here
            s = sorted([a * 2 for a in x if a], key=lambda a: a + b)
            t = {k: v for k, v in zip(s, s)}
            a, b, k, v = s
        """,
    "settings of each turn": """
        for it in range(80):  # here
            lr = 0.1 * min(1.0, it / 10)
            for group in opt.param_groups:
                group["lr"] = lr
        """,
    "a clock": """
        start = time.perf_counter()
        for x in loader:  # here
            f(x)
            now = time.perf_counter()
            print(now - start)
            start = now
        """,
    "a closure's own names": """
        for x in loader:  # here
            def closure():
                loss = f(net(x))
                loss.backward()
                return loss
            loss = opt.step(closure)
        """,
    "what is tried": """
        for x in loader:  # here
            try:
                y = f(x)
            except ValueError as error:
                print(error)
                raise
            finally:
                done = True
            print(y, done)
        """,
    "a nested function of the same name as a variable": """
        for x in loader:  # here
            def loss():
                return 1
            print(loss())
        """,
}


@pytest.mark.parametrize("source", NOTHING.values(), ids=NOTHING)
def test_what_every_turn_makes_anew_is_not_carried(source: str) -> None:
    found = reading(source, attached=["opt"])

    assert (found.carried, found.line_to_add) == ((), None)


def test_several_names_make_one_line_and_know_their_lines() -> None:
    found = reading("""
        best, patience = 0.0, 3
        for epoch in range(9):  # here
            score = evaluate(net)
            if score > best:
                best = score
            else:
                patience -= 1
        """)

    assert [(item.name, item.read_line, item.set_line) for item in found.carried] == [
        ("best", 5, 6),
        ("patience", 8, 8),
    ]
    assert found.line_to_add == "own = run.keep(best=0.0, patience=3)"


def carried(source: str, **options: list[str]) -> list[str]:
    return [item.name for item in reading(source, **options).carried]


def test_attached_and_bound_names_are_left_out() -> None:
    source = """
        for _ in run.steps(9):  # here
            state = advance(state)
            print(turn)
            turn = 3
            model.count += 1
        """

    assert carried(source) == ["state", "turn", "model.count"]
    assert carried(source, attached=["state", "model"], bound=["turn"]) == []


def test_the_loop_with_its_header_at_a_line_is_read() -> None:
    source = (
        "a = 0\nfor x in y: \n    for z in [\n        x,\n    ]:\n        a += 1\n        b = x\n"
    )

    outer, inner = read_loop(source, 2), read_loop(source, 4)

    assert outer is not None
    assert inner is not None
    assert [item.name for item in outer.carried] == [item.name for item in inner.carried] == ["a"]


def test_the_source_of_one_indented_function_is_enough() -> None:
    found = read_loop("    def f(self):\n        for x in y:\n            n = n + 1\n", 2)

    assert found is not None
    assert [item.name for item in found.carried] == ["n"]


DEEP = "for x in y: z = " + "1 + " * 700 + "1"


@pytest.mark.parametrize("source", ["for x in", "x = 1\n", "\0", "(" * 10_000, DEEP])
def test_what_cannot_be_read_is_no_error(source: str) -> None:
    assert read_loop(source, 1) is None
