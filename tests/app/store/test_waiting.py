"""A queued run says what it waits for, and never anything but what the launcher does."""

from __future__ import annotations

import random

import pytest

from app.store.runs.create import start_run
from app.store.runs.waiting import Slots, read_slots, wait_of
from app.store.store import Store
from app.store.tables.runs import RunRow
from app.store.tables.searches import SearchRow
from app.supervisor.capacity import next_to_start
from babysit.protocol.status import RunStatus
from tests.app.fake_worker import SPIRALS
from tests.sizes import session_seed

STATES = 60  # of the table of runs that are drawn
SEARCHES = (1, 2)


def a_search(search_id: int) -> SearchRow:
    return SearchRow(
        id=search_id,
        name="",
        note="",
        actor="owner",
        task="spirals",
        strategy="random",
        space={},
        trials=9,
        steps=1,
        parallel=1,
        seed=0,
        stop_early=None,
        from_checkpoint=None,
        keep=1,
        widen=0.0,
        rounds=1,
        points={},
        parent_id=None,
        clipped=[],
        created_at="",
    )


def test_a_queued_run_waits_for_nothing_exactly_if_the_launcher_would_start_one(
    store: Store,
) -> None:
    chance = random.Random(session_seed())
    with store.writing() as tx:
        ids = [start_run(tx, SPIRALS, {}).id for _ in range(7)]
        tx.session.add_all(a_search(search_id) for search_id in SEARCHES)
    waited, started = 0, 0

    for _ in range(STATES):
        parallel = chance.choice((1, 2, 4))
        with store.writing() as tx:
            for run_id in ids:
                run = tx.session.get_one(RunRow, run_id)
                run.search_id = chance.choice((None, *SEARCHES))
                run.status = chance.choice((RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.PAUSED))
            for search_id in SEARCHES:
                search = tx.session.get_one(SearchRow, search_id)
                search.status = chance.choice(("running", "running", "paused"))
                search.parallel = chance.choice((1, 3))
        with store.reading() as session:
            slots = read_slots(session)
            runs = [session.get_one(RunRow, run_id) for run_id in ids]
            waits = [
                wait_of(slots, run.search_id, parallel)
                for run in runs
                if run.status is RunStatus.QUEUED
            ]
            is_one_started = next_to_start(session, parallel) is not None

        assert is_one_started == any(wait is None for wait in waits)
        started += is_one_started
        waited += sum(wait is not None for wait in waits)

    assert started > STATES / 10
    assert waited > STATES / 10


@pytest.mark.parametrize(
    ("slots", "search_id", "sentence"),
    [
        (Slots({None: 2}, {None: 1}, {}), None, "Waits for a free slot: 2 of 2 are in use."),
        (
            Slots({7: 3}, {7: 1}, {7: ("running", 3)}),
            7,
            "Waits for a free slot of its search: 3 of 3 are in use.",
        ),
        (
            Slots({7: 1, 8: 1}, {7: 1}, {7: ("running", 2)}),
            7,
            "Waits for a free slot for a trial: 2 of 2 are in use.",
        ),
        (
            Slots({}, {None: 1, 7: 1}, {7: ("running", 3)}),
            7,
            "Waits for 1 run that is queued: trials start after all other runs.",
        ),
        (
            Slots({}, {7: 1}, {7: ("paused", 3)}),
            7,
            "Waits for its search, which is paused.",
        ),
    ],
)
def test_a_queued_run_says_what_it_waits_for(
    slots: Slots, search_id: int | None, sentence: str
) -> None:
    wait = wait_of(slots, search_id, parallel=2)

    assert wait is not None
    assert wait.message == sentence
