"""A run is steered from Python, and each command is answered with what became of it."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import numpy as np
import pytest

from babysit import BabysitError, Client, Refused
from babysit.client import Run, curves
from babysit.client import run as run_module
from tests.conftest import Serve
from tests.live_server import LiveServer


def test_a_change_is_answered_with_what_was_read_back(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "WAIT_S", 0.0)  # it asks again until there is an answer

    answer = run.set(learning_rate=0.0123, note="by hand")

    event = run.newest_events(1, kind="changed")[0]
    assert answer.status == "applied"
    assert answer.after["learning_rate"] == 0.0123 == run.values["learning_rate"]
    assert answer.before["learning_rate"] != 0.0123
    assert (event["note"], event["step"]) == ("by hand", answer.step)


def test_a_change_for_later_says_when_it_is_scheduled(run: Run) -> None:
    answer = run.set({"momentum": 0.5}, at_step=90_000, over_steps=10)

    assert (answer.status, answer.at_step) == ("pending", 90_000)
    pending = run.read()["pending"]
    assert [(item["command_id"], item["over_steps"]) for item in pending] == [
        (answer.command_id, 10)
    ]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"learning_rate": -1.0}, "values.learning_rate"),
        ({"learning_rate": math.nan}, "values.learning_rate"),
        ({"learning_rate": {"times": "half"}}, "values.learning_rate"),
        ({"no_such_thing": 1}, "values.no_such_thing"),
    ],
)
def test_a_wrong_value_is_refused_with_its_field(
    run: Run, values: dict[str, object], field: str
) -> None:
    before = run.values

    with pytest.raises(Refused) as refused:
        run.set(values)

    assert refused.value.body["field"] == field
    assert run.values == before


def test_a_numpy_number_is_a_value(run: Run) -> None:
    assert run.set(batch_size=np.int64(16)).after["batch_size"] == 16


def test_undo_sets_back_what_the_newest_change_did(run: Run) -> None:
    before = run.values
    run.set(learning_rate=0.03, momentum=0.4)

    run.undo()

    assert run.values == before


def test_undo_without_a_change_is_refused(run: Run) -> None:
    with pytest.raises(Refused, match="Nothing was changed"):
        run.undo()


def test_pause_resume_and_stop_are_answered(run: Run) -> None:
    paused = run.pause()
    again = run.pause()
    single = run.resume(for_steps=3)
    run.wait("paused", timeout_s=20)
    stepped = run.step
    run.stop()
    over = run.wait(timeout_s=20)

    assert (paused.status, again.status, again.command_id) == ("applied", "no_op", None)
    assert (single.step, stepped) == (paused.step, (paused.step or 0) + 3)
    assert over["status"] == "stopped"
    with pytest.raises(Refused, match="The run is stopped"):
        run.set(learning_rate=0.1)


def test_a_queued_run_is_not_waited_for(data_dir: Path, serve: Serve) -> None:
    with serve(data_dir, "--no-demo", BABYSIT_PARALLEL="1") as server:
        client = Client(server.url, server.token)
        first = server.start_run("spirals", steps=100_000, max_steps_per_s=50)
        server.wait_for_status(first["id"], "running")
        queued = client.run(server.start_run("spirals", steps=10)["id"])

        answer = queued.set(learning_rate=0.02)
        client.run(first["id"]).stop()
        queued.wait("finished", timeout_s=30)

        assert (answer.status, answer.after) == ("pending", {})
        assert queued.values["learning_rate"] == 0.02


def test_wait_ends_at_a_step_and_says_when_it_cannot_be_reached(run: Run) -> None:
    reached = run.wait(step=40, timeout_s=20)
    with pytest.raises(BabysitError, match="running at step"):
        run.wait("failed", timeout_s=0.1)
    run.stop()

    assert reached["step"] >= 40
    with pytest.raises(BabysitError, match=r"is stopped at step .* goes no further"):
        run.wait(step=99_000, timeout_s=20)


def test_evaluate_and_extend_answer_with_the_result(run: Run) -> None:
    run.pause()

    evaluated, extended = run.evaluate(), run.extend(5)

    assert evaluated.after["val/cost"] == run.latest["val/cost"]
    assert extended.after["steps"] == 100_005 == run.read()["steps"]


def test_a_fork_and_a_rewind_begin_at_a_checkpoint(client: Client, run: Run) -> None:
    saved = run.save().after["checkpoint_id"]
    step = client.checkpoint(saved)["step"]

    fork = run.fork(saved, learning_rate=0.07, name="copy", steps=step + 5)
    whole = run.checkpoints()[-1]
    rewound = run.rewind(whole, paused=True, note="again")

    over = fork.wait(timeout_s=30)
    assert (over["status"], over["step"], over["name"]) == ("finished", step + 5, "copy")
    assert fork.values["learning_rate"] == 0.07
    assert fork.read()["parent"]["checkpoint_id"] == saved
    assert run.wait(timeout_s=30)["status"] == "stopped"
    rewound.wait("paused", timeout_s=30)
    assert rewound.read()["live"]
    rewound.stop()


def test_a_checkpoint_of_another_run_is_refused(client: Client, run: Run) -> None:
    saved = run.save().after["checkpoint_id"]
    other = run.fork(saved, paused=True)

    with pytest.raises(Refused, match=f"Run {other.id} has no checkpoint {saved}"):
        other.fork(saved)

    other.wait("paused", timeout_s=30)
    other.stop()


def test_an_unknown_checkpoint_is_refused(client: Client) -> None:
    with pytest.raises(Refused, match="Checkpoint not found"):
        client.fork(999_999, {})
    with pytest.raises(Refused, match="Checkpoint not found"):
        client.checkpoint(999_999)


def test_a_note_is_an_event_at_its_step(run: Run) -> None:
    event = run.note("a plateau", step=3)

    assert (event["step"], event["text"]) == (3, "a plateau")
    assert run.events(kind="note_added")[-1]["id"] == event["id"]


# ---- curves ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def odd(shared: LiveServer) -> Run:
    """A run of 400 steps that is over, with metrics that are no finite numbers."""
    started = shared.start_run("odd", guard=False)
    shared.wait_for_status(started["id"], "finished")
    return Client(shared.url, shared.token).run(started["id"])


def test_curves_have_every_value_to_the_last_bit(shared: LiveServer, odd: Run) -> None:
    exported = shared.client.get(f"/api/runs/{odd.id}/export", params={"format": "csv"}).text
    rows = list(csv.DictReader(io.StringIO(exported)))

    found = odd.curves()

    assert set(found) == {row["series"] for row in rows} >= {"train/cost", "val/nan", "val/inf"}
    for name, (steps, values) in found.items():
        mine = [row for row in rows if row["series"] == name]
        assert steps.tolist() == [int(row["step"]) for row in mine]
        bits = np.array([float(row["value"]) for row in mine]).view(np.int64)
        assert values.view(np.int64).tolist() == bits.tolist()


def test_curves_carry_what_is_not_finite(odd: Run) -> None:
    found = odd.curves(["val/nan", "val/inf", "val/negative"])

    assert np.isnan(found["val/nan"][1]).all()
    assert (found["val/inf"][1] == np.inf).all()
    assert (found["val/negative"][1] == -np.inf).all()
    assert all(len(steps) > 1 for steps, _ in found.values())
    assert math.isnan(odd.latest["val/nan"])


def test_curves_of_many_points_come_in_several_responses(
    odd: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = odd.curves(["train/*", "learning_rate"])
    monkeypatch.setattr(curves, "POINTS_A_REQUEST", 30)

    pieces = odd.curves(["train/*", "learning_rate"])

    assert len(whole["train/cost"][0]) == 400
    assert set(pieces) == set(whole)
    for name, (steps, values) in whole.items():
        assert pieces[name][0].tolist() == steps.tolist()
        assert pieces[name][1].view(np.int64).tolist() == values.view(np.int64).tolist()


def test_a_series_that_is_not_there_is_empty(odd: Run) -> None:
    steps, values = odd.curves(["val/none"])["val/none"]

    assert (len(steps), len(values)) == (0, 0)
    assert [array.dtype.name for array in (steps, values)] == ["int64", "float64"]
