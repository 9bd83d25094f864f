"""The reader of a loop names the objects that a turn may change in place, to be compared."""

from __future__ import annotations

from tests.babysit.attached.reading import reading


def test_objects_that_methods_may_change_are_named_for_a_comparison() -> None:
    found = reading("""
        import random
        buffer, env, history, rng = Buffer(), Env(), [], random.Random(0)
        bar = tqdm(total=9)
        for i in range(9):  # here
            obs = env.step(random.random())
            buffer.push(obs)
            history.append(obs)
            noise = rng.gauss(0, 1)
            counts[obs] += 1
            rewards = []
            rewards.append(1)
            bar.update()
            scheduler.step()
            x = next(stream)
            table.rows[0] = x
            name.upper()
        """, attached=["scheduler"])  # fmt: skip

    assert found.changed == {
        "env": 6, "buffer": 7, "history": 8, "rng": 9, "counts": 10, "stream": 15, "table": 16,
    }  # fmt: skip
    assert found.carried == ()


def test_a_function_of_the_script_that_changes_an_object_is_followed() -> None:
    found = reading("""
        seen = []

        def remember(x):
            if x:
                mine = []
            mine.append(x)
            seen.append(x)

        def again(x):
            again(x)
            remember(x)

        for x in loader:  # here
            again(x)
        """)

    assert found.changed == {"seen": 15}
