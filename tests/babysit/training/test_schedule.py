"""Schedules and ramps: pure functions of the step, under what a person sets by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babysit.protocol.commands import Extend, Pause, Resume, Set
from babysit.protocol.hyperparameters import SCHEDULES, STANDARD, Scale
from babysit.protocol.values import Value, Values
from babysit.training.schedule import ONE_CYCLE_START, Ramp, Schedule, between
from tests.babysit.worker_harness import Lab

DEFAULTS: Values = {name: item.default for name, item in STANDARD.items()}
STEPS = st.integers(0, 10**9)
OWN: dict[str, dict[str, Value]] = {
    "constant": {},
    "step": {"decay_rate": 0.5, "decay_steps": 30},
    "exponential": {"decay_rate": 0.5, "decay_steps": 60},
    "cosine": {"schedule_steps": 250, "final_factor": 0.05},
    "one_cycle": {"schedule_steps": 250, "warmup_fraction": 0.4},
}


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    return Schedule(
        kind=draw(st.sampled_from(SCHEDULES)),
        start=draw(st.integers(0, 10**6)),
        length=draw(st.integers(1, 10**6)),
        decay_rate=draw(st.floats(1e-6, 1.0)),
        decay_steps=draw(st.integers(1, 10**6)),
        final_factor=draw(st.floats(0.0, 1.0)),
        warmup_fraction=draw(st.floats(0.0, 0.9)),
    )


@given(schedule=schedules(), step=STEPS)
def test_a_factor_is_never_negative_and_never_above_1(schedule: Schedule, step: int) -> None:
    assert 0.0 <= schedule.factor(step) <= 1.0 + 1e-12


@given(schedule=schedules(), step=STEPS)
def test_a_schedule_ends_where_it_says(schedule: Schedule, step: int) -> None:
    end = schedule.factor(schedule.start + schedule.length)
    later = schedule.factor(schedule.start + schedule.length + step)

    if schedule.kind in ("cosine", "one_cycle"):
        assert end == pytest.approx(schedule.final_factor, abs=1e-12)
        assert later == end


@given(schedule=schedules())
def test_only_one_cycle_begins_below_the_base(schedule: Schedule) -> None:
    warms_up = schedule.kind == "one_cycle" and schedule.warmup_fraction > 0

    expected = ONE_CYCLE_START if warms_up else 1.0

    assert schedule.factor(schedule.start) == pytest.approx(expected)
    assert schedule.factor(0) == schedule.factor(schedule.start)  # never before its beginning


@given(schedule=schedules(), step=STEPS, times=st.integers(0, 20))
def test_decays_agree_after_whole_numbers_of_decay_steps(
    schedule: Schedule, step: int, times: int
) -> None:
    at = schedule.start + times * schedule.decay_steps

    if schedule.kind in ("step", "exponential"):
        assert schedule.factor(at) == pytest.approx(schedule.decay_rate**times)
        assert schedule.factor(step + 1) <= schedule.factor(step)


def test_one_cycle_peaks_at_its_base_when_the_warm_up_is_over() -> None:
    values: Values = {**default_values(), "schedule": "one_cycle", "warmup_fraction": 0.25}
    schedule = Schedule.begun(values, start=100, last_step=500)

    factors = [schedule.factor(step) for step in range(100, 501)]

    assert max(factors) == factors[100] == 1.0
    assert factors[:100] == sorted(factors[:100])
    assert factors[100:] == sorted(factors[100:], reverse=True)


def default_values() -> Values:
    return {
        "schedule": "constant",
        "decay_rate": 0.5,
        "decay_steps": 500,
        "schedule_steps": 0,
        "final_factor": 0.01,
        "warmup_fraction": 0.3,
    }


SCALES: list[Scale] = ["linear", "log10", "log2", "minus_log10_one_minus"]


@given(
    scale=st.sampled_from(SCALES),
    ends=st.tuples(st.floats(1e-8, 0.9999), st.floats(1e-8, 0.9999)),
    start=st.integers(0, 10**6),
    steps=st.integers(2, 10**5),
    step=st.integers(0, 10**6),
)
def test_a_ramp_stays_between_its_ends_whenever_it_is_asked(
    scale: Scale, ends: tuple[float, float], start: int, steps: int, step: int
) -> None:
    """Even for a step long before it began: it must not run away backwards."""
    before, after = ends
    ramp = Ramp(before, after, start, steps, scale)

    value = ramp.at(step)

    low, high = min(before, after), max(before, after)
    assert low * (1 - 1e-9) - 1e-12 <= value <= high * (1 + 1e-9) + 1e-12
    assert ramp.at(start + steps - 1) == after
    assert ramp.at(start) != before or math.isclose(before, after, rel_tol=1e-3)


@given(before=st.floats(1e-6, 10), after=st.floats(1e-6, 10))
def test_halfway_on_a_logarithmic_scale_is_the_geometric_mean(before: float, after: float) -> None:
    assert between(before, after, 0.5, "log10") == pytest.approx(math.sqrt(before * after))


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", ["learning_rate", "base_learning_rate"])
def test_a_value_set_by_hand_stays_under_every_schedule(lab: Lab, schedule: str, name: str) -> None:
    """torch's own schedulers would silently overwrite it, and one-cycle the momentum too."""
    values: Values = {"schedule": schedule, "learning_rate": 0.05, **OWN[schedule]}
    run = lab.start(
        "spirals",
        steps=250,
        values=values,
        commands=[Set(values={name: 0.02, "momentum": 0.7}, at_step=120)],
    ).finished()

    changed = run.said("changed")[0]
    state = run.state_of(run.checkpoints()[-1])
    planned = Schedule(**state["schedule"])
    base = 0.02 if name == "base_learning_rate" else 0.02 / planned.factor(120)
    rates, momenta = run.points["learning_rate"], run.points["momentum"]
    assert planned.start == 0  # setting a value does not begin the schedule anew
    assert changed["after"]["learning_rate"] == pytest.approx(base * planned.factor(120))
    for step in range(121, 251):
        assert rates[step] == pytest.approx(base * planned.factor(step - 1)), step
        assert momenta[step] == 0.7
    assert [rates[step] for step in range(1, 121)] == pytest.approx(
        [0.05 * planned.factor(step - 1) for step in range(1, 121)]
    )


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_answer_carries_what_the_next_update_uses(lab: Lab, schedule: str) -> None:
    run = lab.start(
        "spirals",
        steps=150,
        values={"schedule": schedule, **OWN[schedule]},
        commands=[Set(values={"learning_rate": 0.03}, at_step=40)],
    ).finished()

    changed = run.said("changed")[0]

    assert (changed["step"], changed["effective_step"]) == (40, 41)
    assert changed["after"]["learning_rate"] == run.points["learning_rate"][41]
    assert run.points["learning_rate"][41] == pytest.approx(0.03)
    assert changed["before"]["learning_rate"] == run.points["learning_rate"][40]


def test_a_new_schedule_begins_at_the_learning_rate_of_now(lab: Lab) -> None:
    run = lab.start(
        "spirals",
        steps=100,
        values={"learning_rate": 0.08},
        commands=[
            Set(values={"schedule": "cosine", "final_factor": 0.5}, at_step=20),
            Set(values={"schedule": "constant"}, at_step=60),
        ],
    ).finished()

    rates = run.points["learning_rate"]

    assert rates[20] == rates[21] == 0.08
    assert rates[60] == pytest.approx(0.0602, abs=1e-3)  # half of the way from 0.08 to 0.04
    assert {rates[step] for step in range(62, 101)} == {rates[61]}
    assert rates[61] == pytest.approx(rates[60], rel=0.02)


def test_a_pause_does_not_move_a_schedule(lab: Lab) -> None:
    values: Values = {"schedule": "exponential", "decay_steps": 20}
    run = lab.start("spirals", steps=60, values=values, max_steps_per_s=300)
    run.wait_for_step(20)
    run.do(Pause())
    run.do(Resume())
    run.finished()

    expected = [0.05 * 0.5 ** (step / 20) for step in range(60)]
    assert [run.points["learning_rate"][step] for step in range(1, 61)] == pytest.approx(expected)


@pytest.mark.parametrize("follows", [True, False])
def test_a_schedule_to_the_end_of_a_run_follows_its_end_and_says_so(
    lab: Lab, *, follows: bool
) -> None:
    """Commands and forks of older versions do not ask for it, and are repeated as they were."""
    values: Values = {"schedule": "cosine", "final_factor": 0.1}
    longer = Extend(steps=40, schedule_follows=follows)
    run = lab.start("spirals", steps=40, values=values, commands=[longer]).finished()
    fork = lab.fork(run, run.checkpoints()[0], steps=120, schedule_follows=follows).finished()

    for made, first, last in ((run, 40, 80), (fork, 40, 120)):
        rates = made.points["learning_rate"]
        end = last if follows else first
        expected = [0.05 * (0.1 + 0.9 * (1 + math.cos(math.pi * min(1.0, step / end))) / 2)
                    for step in range(last)]  # fmt: skip
        assert [rates[step] for step in range(1, last + 1)] == pytest.approx(expected)
        said = [event["message"] for event in made.said("warned")]
        assert any(f"now ends at step {last}" in message for message in said) == follows


def test_a_schedule_of_a_given_length_keeps_it() -> None:
    values: Values = {**DEFAULTS, "schedule": "cosine", "schedule_steps": 30}
    schedule = Schedule.begun(values, start=0, last_step=40)

    assert schedule.moved_to(80, values, step=10) == (schedule, [])


def test_a_way_to_a_new_schedule_that_would_leave_the_bounds_is_refused(lab: Lab) -> None:
    """Both ends are legal learning rates; 1-cycle would multiply the way between them by 25."""
    values: Values = {"learning_rate": 1.0}
    new: Values = {"schedule": "one_cycle", "schedule_steps": 50, "base_learning_rate": 1.0}
    change = Set(values=new, over_steps=500)
    run = lab.start("spirals", steps=20, values=values, commands=[change]).finished()

    refused = run.said("refused")[0]

    assert (refused["field"], refused["step"]) == ("over_steps", 0)
    assert "above 10" in refused["reason"]
    assert set(run.points["learning_rate"].values()) == {1.0}
