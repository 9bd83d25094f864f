"""A data directory that an earlier version left after a crash is opened, and all in it goes on."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.app.full_history import babysit
from tests.compatibility.answers import (
    Answers,
    computer,
    differences,
    ending,
    ids_in,
    read_answers,
    some,
)
from tests.compatibility.formats import kinds_and_keys
from tests.compatibility.history import (
    FOR_THE_TRASH,
    KEY,
    PARALLEL,
    PAUSED,
    RUNNING,
    get,
    post,
    recipe_of,
)
from tests.compatibility.recording import Recording, verified
from tests.compatibility.resumed import resume_all, trials_of
from tests.live_server import LiveServer, serving

# Half a minute of work in the first of them; a slow machine with others at work takes minutes.
pytestmark = pytest.mark.timeout(400)

DATABASE = "babysit.sqlite"
BOTH = (RUNNING, PAUSED)
# Another make of processor rounds differently, which 20 steps do not make large; another dropout
# mask or another batch, which a generator put back wrongly would give, is off by far more.
NEAR_STEPS, NEAR = 20, 1e-3
REPLAYED = "a second name"  # the run of the recording that was steered most


@dataclass
class Reopened:
    """What this version made of the directory.

    at_once: what it answered of all that was settled, before anything had come to its end.
    ends, forks: how the runs that the crash cut off went on, and forks of their last checkpoints.
    replayed: what a replay of an old run found; where that differed, a replay of this replay, too.
    since: what it answered in the end of all that was not settled before the crash.
    rebuilt, rebuilt_since: `at_once` and `since` again, from a database that was made anew.
    """

    runs: dict[str, int]
    at_once: Answers = field(default_factory=dict)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    ends: dict[str, Any] = field(default_factory=dict)
    forks: dict[str, Any] = field(default_factory=dict)
    replayed: list[dict[str, Any]] = field(default_factory=list)
    asked_again: int = 0
    trials: dict[str, Any] = field(default_factory=dict)
    verified: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    since: Answers = field(default_factory=dict)
    rebuilt: Answers = field(default_factory=dict)
    rebuilt_since: Answers = field(default_factory=dict)


def opened(data_dir: Path) -> AbstractContextManager[LiveServer]:
    return serving(data_dir, "--no-demo", BABYSIT_PARALLEL=PARALLEL)


@pytest.fixture(scope="module")
def crashed(recorded: Recording, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `babysit verify` says of the directory as the crash left it."""
    return verified(recorded.unpack(tmp_path_factory.mktemp("crashed")))


@pytest.fixture(scope="module")
def reopened(recorded: Recording, tmp_path_factory: pytest.TempPathFactory) -> Reopened:
    """The directory, taken up by this version, brought to its end and rebuilt."""
    data_dir = recorded.unpack(tmp_path_factory.mktemp("reopened"))
    cut = recorded.expected["interrupted"]
    seen = Reopened(runs={which: cut[which]["run_id"] for which in BOTH})
    with opened(data_dir) as server:
        seen.at_once = settled(server, recorded)
        go_on(server, recorded, seen)
        seen.since = read_answers(server, **since_the_crash(data_dir, recorded))
    seen.verified = verified(data_dir)
    seen.keys = kinds_and_keys(data_dir)
    for file in data_dir.glob(f"{DATABASE}*"):
        file.unlink()
    made = babysit("rebuild", "--data-dir", str(data_dir))
    assert made.returncode == 0, made.stdout + made.stderr
    with opened(data_dir) as server:
        seen.rebuilt = settled(server, recorded)
        seen.rebuilt_since = read_answers(server, **since_the_crash(data_dir, recorded))
    return seen


def settled(server: LiveServer, recorded: Recording) -> Answers:
    """The answers about all that was over before the crash."""
    return read_answers(server, **recorded.expected["settled"])


def since_the_crash(data_dir: Path, recorded: Recording) -> dict[str, list[int]]:
    """The runs and searches that have gone on, and those that are new."""
    known = recorded.expected["settled"]
    return {name: [i for i in ids_in(data_dir / name) if i not in known[name]] for name in known}


def go_on(server: LiveServer, recorded: Recording, seen: Reopened) -> None:
    """Let all that was cut off come to its end, and make new runs from old ones."""
    interrupted, search = recorded.expected["interrupted"], recorded.expected["search"]
    forks = {}
    for which in BOTH:
        cut = interrupted[which]
        path = f"checkpoints/{cut['checkpoint']['id']}/fork"
        steps = server.run(cut["run_id"])["steps"]
        forks[which] = post(server, path, values=cut["fork_values"], steps=steps)["id"]
    resume_all(server, seen.runs, search)
    seen.trials = trials_of(server, search["id"])
    for which in BOTH:
        after = interrupted[which]["checkpoint"]["step"]
        server.wait_for_status(forks[which], "finished")
        seen.events[which] = server.events(seen.runs[which])
        seen.ends[which] = ending(server, seen.runs[which], after)
        seen.forks[which] = ending(server, forks[which], after)
    runs = get(server, "runs?limit=500")["runs"]
    original = next(run["id"] for run in runs if run["name"] == REPLAYED)
    seen.replayed.append(replay(server, original))
    if not seen.replayed[0]["replayed"]["equal"]:  # another computer: is it true to itself?
        seen.replayed.append(replay(server, seen.replayed[0]["id"]))
    seen.asked_again = post(server, "runs", key=KEY, **FOR_THE_TRASH)["id"]


def replay(server: LiveServer, run_id: int) -> dict[str, Any]:
    again = post(server, "replays", recipe=recipe_of(server, run_id))["id"]
    return server.wait_for_status(again, "finished", "stopped")


def as_recorded(recorded: Recording) -> Answers:
    return {path: answer for path, answer in recorded.answers.items() if path != "api"}


def is_same_computer(recorded: Recording) -> bool:
    """Whether the last bits must be those of the recording, too."""
    return bool(recorded.expected["computer"] == computer())


# ---- as the crash left it ---------------------------------------------------------------------


def test_verify_finds_only_what_the_version_before_found(
    recorded: Recording, crashed: dict[str, Any]
) -> None:
    expected = recorded.expected["verify"]["crashed"]

    assert (crashed["code"], crashed["wrong"]) == (expected["code"], expected["wrong"])
    assert set(crashed["checks"]) >= set(expected["checks"])


def test_all_that_was_settled_is_answered_as_the_version_before_did(
    recorded: Recording, reopened: Reopened
) -> None:
    answers = as_recorded(recorded)

    assert some(differences(answers, reopened.at_once)) == []
    assert len(answers) > 100


# ---- what was cut off goes on -----------------------------------------------------------------


@pytest.mark.parametrize("which", BOTH)
def test_a_run_that_was_cut_off_keeps_its_events_and_is_recovered(
    recorded: Recording, reopened: Reopened, which: str
) -> None:
    known, events = recorded.expected["interrupted"][which]["events"], reopened.events[which]

    assert some(differences(known, events[: len(known)])) == []
    recovered = [event for event in events[len(known) :] if event["kind"] == "recovered"]
    assert [event["from_step"] for event in recovered] == [
        recorded.expected["interrupted"][which]["checkpoint"]["step"]
    ]
    if is_same_computer(recorded):
        assert [event["verified"] for event in recovered] == [True]


@pytest.mark.parametrize("which", BOTH)
def test_a_recovered_run_ends_as_a_fork_of_the_same_checkpoint(
    reopened: Reopened, which: str
) -> None:
    assert reopened.ends[which] == reopened.forks[which]


@pytest.mark.parametrize("which", BOTH)
def test_a_recovered_run_goes_on_like_one_that_was_never_cut_off(
    recorded: Recording, reopened: Reopened, which: str
) -> None:
    end, found = recorded.expected["interrupted"][which]["end"], reopened.ends[which]

    costs, found_costs = (list(map(float.fromhex, each["costs"].split())) for each in (end, found))
    assert len(found_costs) == len(costs) > NEAR_STEPS
    for cost, expected in list(zip(found_costs, costs, strict=True))[:NEAR_STEPS]:
        assert math.isclose(cost, expected, rel_tol=NEAR)
    if is_same_computer(recorded):
        assert found == end


def test_a_search_that_was_paused_draws_the_same_trials(
    recorded: Recording, reopened: Reopened
) -> None:
    expected = recorded.expected["search"]

    assert some(differences(expected["drawn"], reopened.trials["drawn"])) == []
    if is_same_computer(recorded):
        assert reopened.trials["val_costs"] == expected["val_costs"]


# ---- what is made of old things ---------------------------------------------------------------


def test_an_old_recipe_is_replayed(recorded: Recording, reopened: Reopened) -> None:
    original = next(run for run in recorded.answers["runs?limit=500"] if run["name"] == REPLAYED)

    assert reopened.replayed[-1]["replayed"]["equal"], reopened.replayed[-1]["replayed"]
    for run in reopened.replayed:
        assert (run["step"], run["values"]) == (original["step"], original["values"])
    if is_same_computer(recorded):
        assert len(reopened.replayed) == 1, reopened.replayed[0]["replayed"]


def test_a_request_with_a_key_from_before_makes_nothing_new(reopened: Reopened) -> None:
    trashed = [run["id"] for run in reopened.at_once["runs?trashed=true&limit=500"]]

    assert trashed == [reopened.asked_again]


# ---- in the end -------------------------------------------------------------------------------


def test_verify_says_in_the_end_that_all_is_well(recorded: Recording, reopened: Reopened) -> None:
    expected = recorded.expected["verify"]["resumed"]

    assert (reopened.verified["code"], reopened.verified["wrong"]) == (0, [])
    assert set(reopened.verified["checks"]) >= set(expected["checks"])


def test_a_rebuilt_database_answers_the_same(recorded: Recording, reopened: Reopened) -> None:
    assert some(differences(as_recorded(recorded), reopened.rebuilt)) == []
    assert some(differences(reopened.since, reopened.rebuilt_since)) == []


def test_new_records_and_files_have_the_keys_of_old_ones(
    recorded: Recording, reopened: Reopened
) -> None:
    """In the same order: an earlier version may have to read them. It ignores what is new."""
    for name, variants in recorded.expected["keys"].items():
        now = [keys.split(", ") for keys in reopened.keys.get(name, ())]
        for keys in variants:
            old = keys.split(", ")
            assert any([key for key in new if key in old] == old for new in now), (name, keys, now)
