"""An event is put into words once, and the words say what happened."""

from __future__ import annotations

from typing import Any

import pytest

from app.store.event_summary import label, measured, summarize, value_text

RAMP = {
    "before": {"learning_rate": 0.003},
    "after": {"learning_rate": 0.0032153203876088793},
    "values": {"learning_rate": 0.006},
    "over_steps": 10,
}


def changed(**body: Any) -> str:
    return summarize({"kind": "changed", "step": 5, "over_steps": None, "values": {}, **body})


def test_of_a_ramp_its_target_is_told_and_not_its_first_value() -> None:
    assert changed(**RAMP) == "Learning rate 0.003 → 0.006 over 10 steps"


def test_a_ramp_under_a_schedule_is_told_by_its_base() -> None:
    before = {"learning_rate": 0.002, "base_learning_rate": 0.004}
    after = {"learning_rate": 0.0021, "base_learning_rate": 0.0042}
    values = {"learning_rate": 0.008}

    text = changed(before=before, after=after, values=values, over_steps=1000)

    assert text == "Learning rate 0.002 → 0.0021 over 1,000 steps"


def test_only_what_differs_is_told() -> None:
    before = {"learning_rate": 0.01, "momentum": 0.9, "nesterov": False}
    after = {"learning_rate": 0.001, "momentum": 0.995, "nesterov": False}

    text = changed(before=before, after=after)

    assert text == "Learning rate 0.01 → 0.001; Momentum 0.9 → 0.995"


def test_a_change_to_what_it_was_names_what_was_asked_for() -> None:
    assert changed(before={"momentum": 0.9}, after={"momentum": 0.9}) == "Momentum 0.9 → 0.9"


def test_a_setting_that_did_not_apply_before_leaves_no_value() -> None:
    assert changed(before={}, after={"decay_steps": 20_000}) == "Decay steps 20,000"


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (
            {"kind": "change_scheduled", "at_step": 1200, "values": {"batch_size": 64}},
            "Scheduled after step 1,200: Batch size 64",
        ),
        (
            {"kind": "status_changed", "status": "paused", "reason": "disk_full"},
            "Paused: the disk is full",
        ),
        ({"kind": "status_changed", "status": "stopped", "reason": "user"}, "Stopped and saved"),
        (
            {
                "kind": "status_changed",
                "status": "starting",
                "reason": "recovering: Killed.",
            },
            "Killed. A new one continues from the last checkpoint.",
        ),
        (
            {"kind": "recovered", "step": 2257, "from_step": 1780, "verified": True},
            (
                "Back at step 2,257, same values as before (checked). Nothing lost: "
                "continued from checkpoint 1,780."
            ),
        ),
        (
            {"kind": "applied", "command_kind": "evaluate", "after": {"val/cost": 0.19012}},
            "Evaluated: val cost 0.190",
        ),
        (
            {
                "kind": "applied",
                "command_kind": "extend",
                "before": {"steps": 900},
                "after": {"steps": 1400},
            },
            "Extended: Steps 900 → 1,400",
        ),
        ({"kind": "checkpoint_saved", "val_cost": None}, "Checkpoint saved"),
        ({"kind": "checkpoint_saved", "val_cost": "NaN"}, "Checkpoint saved"),
        ({"kind": "checkpoint_saved", "val_cost": 0.4567}, "Checkpoint saved, val 0.457"),
        (
            {"kind": "replayed", "equal": False, "first_step": 8, "quantity": "train/cost"}
            | {"recorded": 0.5, "found": 0.25},
            "Replayed: differs first at step 8: train/cost was 0.5, is 0.25",
        ),
        ({"kind": "of_a_later_version", "step": 1}, ""),
    ],
)
def test_what_happened_is_told_in_words(event: dict[str, Any], text: str) -> None:
    assert summarize(event) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("learning_rate", 0.0032153203876088793, "0.003215"),
        ("learning_rate", 3e-4, "3e-4"),
        ("learning_rate", 1.28, "1.28"),
        ("momentum", 0.9, "0.9"),
        ("momentum", 0.99987, "0.99987"),
        ("beta2", 0.999999, "0.999999"),
        ("weight_decay", 0.0, "0"),
        ("batch_size", 1024, "1,024"),
        ("epsilon", 1e-8, "1e-8"),
        ("nesterov", True, "on"),
        ("schedule", "one_cycle", "one cycle"),
        ("bad", float("inf"), "inf"),
        ("bad", "NaN", "NaN"),
    ],
)
def test_a_setting_is_written_as_a_person_would_type_it(name: str, value: Any, text: str) -> None:
    assert value_text(name, value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.41234, "0.412"),
        (12.3456, "12.3"),
        (123.4, "123"),
        (1234.5, "1,234"),
        (0.0000123, "1.23e-5"),
        (-1.5e7, "−1.5e7"),
        (-0.25, "−0.250"),
        (0.0, "0"),
        (float("inf"), "∞"),
        (float("-inf"), "−∞"),
        (float("nan"), "NaN"),
    ],
)
def test_a_measured_value_has_three_significant_digits(value: float, text: str) -> None:
    assert measured(value) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("learning_rate", "Learning rate"),
        ("learning_rate.0", "Learning rate (group 0)"),
        ("weight_decay.no decay", "Weight decay (no decay)"),
        ("for_critic.beta1", "Adam β₁ (for_critic)"),
        ("for_critic.learning_rate.1", "Learning rate (for_critic, group 1)"),
        ("kl_weight", "Kl weight"),
        ("kl.weight", "Kl.weight"),
    ],
)
def test_an_option_of_an_optimizer_is_called_by_its_part_and_its_group(
    name: str, text: str
) -> None:
    assert label(name) == text
