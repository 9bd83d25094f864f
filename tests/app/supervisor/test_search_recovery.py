"""A search goes on after every kind of end of its server, with the trials of an undisturbed one."""

from __future__ import annotations

import os
import shutil
import signal
import uuid
from pathlib import Path

import pytest
from sqlalchemy import select

from app.search.samplers import sample
from app.settings import Settings
from app.store.journals.search_journal import read_search_journal
from app.store.journals.search_records import SearchStatusChanged, TrialSampled
from app.store.runs.create import start_run
from app.store.runs.projection import emit
from app.store.runs.runs import find_run
from app.store.searches.create import plan_of, start_search
from app.store.searches.projection import emit_search
from app.store.searches.sample import make_trials, sample_trials
from app.store.searches.searches import command_search, find_search, replay_all_from_journal
from app.store.searches.trials import trials_of
from app.store.store import Store
from app.store.tables.runs import CommandRow
from app.store.tables.searches import SearchRow
from app.supervisor.search_runner import SearchRunner
from app.task_catalog import TaskCatalog, TaskInfo
from app.verify.runner import verify
from babysit.protocol.events import Applied, StatusChanged
from babysit.protocol.status import RunStatus
from tests.app.fake_worker import DECLARED
from tests.app.full_history import DATABASE, babysit, rows
from tests.app.small_searches import SPACE, drawn, search, wait_for, wait_for_trial
from tests.app.waiting import eventually
from tests.conftest import Serve
from tests.live_server import LiveServer, end_marked
from tests.security.in_process import described
from tests.sizes import SEARCH_KILLS

TASK = TaskInfo("spirals", {"default_steps": 100}, DECLARED, None)
OPTIONS = {
    "space": SPACE,
    "strategy": "random",
    "trials": 4,
    "parallel": 2,
    "steps": 30,
    "seed": 1,
}
PLAN = {"strategy": "coarse_to_fine", "trials": 12, "rounds": 3, "steps": 1_000, "seed": 8}


# ---- the whole system -------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_search_whose_server_is_killed_is_the_undisturbed_one(
    serve: Serve, data_dir: Path, shared: LiveServer
) -> None:
    mark = uuid.uuid4().hex
    try:
        for kill in range(SEARCH_KILLS):
            with serve(data_dir, "--no-demo", mark=mark) as server:
                search_id = 1 if kill else search(server, **PLAN)["id"]
                wait_for_trial(server, search_id, 1 + 2 * kill)
                server.kill()
        with serve(data_dir, "--no-demo", mark=mark) as server:
            found = wait_for(server, 1, timeout_s=120)
    finally:
        end_marked(mark)
    undisturbed = wait_for(shared, search(shared, **PLAN)["id"], timeout_s=120)

    assert drawn(found) == drawn(undisturbed)
    costs = [[trial["val_cost"] for trial in one["trials"]] for one in (found, undisturbed)]
    assert costs[0] == costs[1]
    assert [trial["run_id"] for trial in found["trials"]] == list(range(1, 13))
    assert found["counts"]["finished"] == 12
    said: list[str] = []
    assert verify(Settings(data_dir=data_dir), None, deep=False, report=said.append) == 0, said
    before = rows(data_dir / DATABASE)
    (data_dir / DATABASE).unlink()
    assert babysit("rebuild", "--data-dir", str(data_dir)).returncode == 0
    assert rows(data_dir / DATABASE) == before


def test_a_trial_whose_worker_is_killed_is_taken_up_again_and_counts(shared: LiveServer) -> None:
    made = search(shared, trials=2, steps=6_000)
    trial = wait_for_trial(shared, made["id"], 2)

    os.kill(shared.events(trial["run_id"], "worker_started")[-1]["pid"], signal.SIGKILL)

    found = wait_for(shared, made["id"], timeout_s=90)
    assert found["counts"]["finished"] == 2
    assert shared.run(trial["run_id"])["attempt"] == 2
    assert all(each["fits"] for each in found["trials"])


def test_a_search_on_postgresql_is_the_one_on_sqlite(
    serve: Serve, data_dir: Path, shared: LiveServer, fresh_postgres_url: str
) -> None:
    with serve(data_dir, "--no-demo", BABYSIT_DATABASE_URL=fresh_postgres_url) as server:
        search_id = search(server, strategy="coarse_to_fine")["id"]
        found = wait_for(server, search_id)
        repeated = server.client.post(f"/api/searches/{search_id}/repeat", json={"seeds": 1})
        assert repeated.status_code == 202
        wait_for(server, search_id, trials=7)
        settings = Settings(data_dir=data_dir, database_url=fresh_postgres_url)
        said: list[str] = []
        assert verify(settings, None, deep=False, report=said.append) == 0, said
    other = wait_for(shared, search(shared, strategy="coarse_to_fine")["id"])

    assert drawn(found) == drawn(other)


# ---- one transaction, on both databases -------------------------------------------------------


class Crash(Exception):
    """The server ends here."""


@pytest.fixture
def search_id(store: Store) -> int:
    with store.writing() as tx:
        return start_search(tx, TASK, store.runs_dir, OPTIONS).id


def draw_next(store: Store, search_id: int, *, crash_after: str | None = None) -> int:
    """One more trial, and its run's id; the transaction fails where it is said."""
    with store.writing() as tx:
        row = find_search(tx.session, search_id)
        plan, trials = plan_of(row, DECLARED), trials_of(tx.session, [search_id])[search_id]
        found = sample(plan, len(trials) + 1, [])
        assert found is not None
        (trial,) = sample_trials(tx, row, [found], plan, trials)
        if crash_after == "the draw":
            raise Crash
        make_trials(tx, store.runs_dir, row, [trial], TASK)
        if crash_after == "the run":
            raise Crash
        return trial.run_id


def stop_and_crash(store: Store, search_id: int) -> None:
    with store.writing() as tx:
        command_search(tx, find_search(tx.session, search_id), "stop", "owner")
        raise Crash


def start_and_crash(store: Store) -> None:
    with store.writing() as tx:
        start_search(tx, TASK, store.runs_dir, OPTIONS)
        raise Crash


@pytest.mark.parametrize("where", ["the draw", "the run"])
def test_a_trial_that_was_drawn_before_a_crash_gets_its_run_after_it(
    store: Store, search_id: int, where: str
) -> None:
    draw_next(store, search_id)
    with pytest.raises(Crash):
        draw_next(store, search_id, crash_after=where)
    with store.reading() as session:
        assert len(trials_of(session, [search_id])[search_id]) == 1
    if where == "the run":  # a kill leaves the directory as well
        shutil.copytree(store.runs_dir / "1", store.runs_dir / "2")
        text = (store.runs_dir / "2" / "run.json").read_text()
        text = text.replace('"number": 1', '"number": 2').replace('"id": 1', '"id": 2', 1)
        (store.runs_dir / "2" / "run.json").write_text(text)

    replay_all_from_journal(store)
    with store.writing() as tx:
        row = find_search(tx.session, search_id)
        [first, second] = trials_of(tx.session, [search_id])[search_id]
        assert (first.status, second.status) == (RunStatus.QUEUED, None)
        [made] = make_trials(tx, store.runs_dir, row, [second.row], TASK)
        assert made.id == second.row.run_id == 2
    third = draw_next(store, search_id)

    with store.reading() as session:
        found = trials_of(session, [search_id])[search_id]
        numbers = [trial.row.number for trial in found]
        assert (numbers, third) == ([1, 2, 3], 3)
        for trial in found:
            run = find_run(session, trial.row.run_id)
            assert {name: run.values[name] for name in SPACE} == trial.row.values
    journal = read_search_journal(store.searches.directory(search_id))
    said = [event.number for _, event in journal if isinstance(event, TrialSampled)]
    assert said == numbers


def test_a_draw_whose_commit_failed_is_not_drawn_again_by_the_server_that_goes_on(
    store: Store, search_id: int
) -> None:
    with pytest.raises(Crash):
        draw_next(store, search_id, crash_after="the draw")
    catalog = TaskCatalog()
    catalog.add("spirals", described())
    searching = SearchRunner(store, catalog, lambda: None)

    searching.start()
    try:
        eventually(lambda: made(store, search_id) >= 2, "two trials have their runs")
    finally:
        searching.close()

    with store.reading() as session:
        found = trials_of(session, [search_id])[search_id]
        for trial in found:
            run = find_run(session, trial.row.run_id)
            assert (run.search_id, run.trial) == (search_id, trial.row.number)
    journal = read_search_journal(store.searches.directory(search_id))
    said = [event.number for _, event in journal if isinstance(event, TrialSampled)]
    assert said == [trial.row.number for trial in found]


def test_trials_wait_for_the_places_so_that_none_is_ever_empty(store: Store) -> None:
    with store.writing() as tx:
        search_id = start_search(tx, TASK, store.runs_dir, {**OPTIONS, "trials": 40}).id
    catalog = TaskCatalog()
    catalog.add("spirals", described())
    searching = SearchRunner(store, catalog, lambda: None)

    searching.start()
    try:
        # Two run at once; nobody starts them, and yet more than two are drawn.
        eventually(lambda: made(store, search_id) == 8, "eight trials have their runs")
        with store.writing() as tx:
            for trial in trials_of(tx.session, [search_id])[search_id][:5]:
                run = find_run(tx.session, trial.row.run_id)
                for status in (RunStatus.STARTING, RunStatus.FAILED):
                    emit(tx, run, StatusChanged(step=0, status=status))
        searching.wake()
        eventually(lambda: made(store, search_id) == 13, "as many wait again")
    finally:
        searching.close()


def made(store: Store, search_id: int) -> int:
    """How many trials have a run."""
    with store.reading() as session:
        trials = trials_of(session, [search_id])[search_id]
    return sum(trial.status is not None for trial in trials)


def test_what_was_said_before_a_crash_is_known_after_it(store: Store, search_id: int) -> None:
    run_id = draw_next(store, search_id)
    with pytest.raises(Crash):
        stop_and_crash(store, search_id)

    replay_all_from_journal(store)

    with store.reading() as session:
        assert find_search(session, search_id).status == "stopped"
        assert find_run(session, run_id).status is RunStatus.STOPPED


def test_a_run_never_gets_the_id_that_a_lost_draw_has(store: Store, search_id: int) -> None:
    with pytest.raises(Crash):
        draw_next(store, search_id, crash_after="the draw")

    with store.writing() as tx:
        assert start_run(tx, TASK, {}).id == 2


def test_a_search_that_was_never_told_of_leaves_nothing(store: Store) -> None:
    with pytest.raises(Crash):
        start_and_crash(store)

    assert not list(store.searches.parent.iterdir())
    with store.writing() as tx:
        assert start_search(tx, TASK, store.runs_dir, OPTIONS).id == 1
        assert tx.session.get_one(SearchRow, 1).journal_seq == 1


def test_a_trial_that_was_recovered_as_paused_is_resumed_with_its_search(
    store: Store, search_id: int
) -> None:
    """While its worker is replaced it takes no `resume`; then it is paused again by its history."""
    run_id = draw_next(store, search_id)
    set_status(store, run_id, RunStatus.STARTING, RunStatus.RUNNING)
    with store.writing() as tx:
        emit_search(tx, find_search(tx.session, search_id), SearchStatusChanged(status="running"))
        command_search(tx, find_search(tx.session, search_id), "pause", "owner")
    with store.writing() as tx:
        command_id = tx.session.scalars(select(CommandRow.id)).one()
        done = Applied(step=0, command_id=command_id, command_kind="pause", before={}, after={})
        emit(tx, find_run(tx.session, run_id), done)
    set_status(store, run_id, RunStatus.PAUSED, RunStatus.STARTING)
    with store.writing() as tx:
        command_search(tx, find_search(tx.session, search_id), "resume", "owner")
    set_status(store, run_id, RunStatus.RUNNING, RunStatus.PAUSED)
    catalog = TaskCatalog()
    catalog.add("spirals", described())
    searching = SearchRunner(store, catalog, lambda: None)

    searching.start()
    try:
        eventually(lambda: asked(store, run_id) == ["pause", "resume"], "it is resumed")
        searching.wake()
        eventually(lambda: made(store, search_id) == 4, "the search goes on")
    finally:
        searching.close()

    assert asked(store, run_id) == ["pause", "resume"], "once is enough"


def set_status(store: Store, run_id: int, *statuses: RunStatus) -> None:
    with store.writing() as tx:
        run = find_run(tx.session, run_id)
        for status in statuses:
            reason = "search" if status is RunStatus.PAUSED else None
            emit(tx, run, StatusChanged(step=0, status=status, reason=reason))


def asked(store: Store, run_id: int) -> list[str]:
    with store.reading() as session:
        query = select(CommandRow.kind).where(CommandRow.run_id == run_id)
        return list(session.scalars(query.order_by(CommandRow.id)))
