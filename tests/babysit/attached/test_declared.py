"""The arguments of a script are guessed at by name and value; what training ignores is left out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from babysit.attached.control.declared import guessed, snake_case
from babysit.protocol.hyperparameters import STANDARD, from_json

NAMES = st.sampled_from(
    [*STANDARD, "lr", "generator_lr", "kl_weight", "heads", "wd", "patience", "x", "use_ema", "bs"]
)
VALUES = st.one_of(
    st.floats(), st.integers(), st.booleans(), st.text(max_size=5), st.none(), st.just([1])
)


@pytest.mark.parametrize(
    ("name", "value", "tier", "scale", "kind"),
    [
        ("lr", 3e-4, 1, "log10", "float"),
        ("generator-lr", 2e-4, 1, "log10", "float"),
        ("baseLr", 1, 1, "log10", "float"),
        ("learning_rate", 0.1, 1, "log10", "float"),
        ("learning_rate_head", 0.1, 1, "log10", "float"),
        ("generator_lr", 1, 1, "log10", "float"),
        ("lr_decay", 0.1, 3, "linear", "float"),
        ("batch_size", 64, 2, "log2", "int"),
        ("micro_batch", 48, 2, "linear", "int"),
        ("momentum", 0.9, 2, "minus_log10_one_minus", "float"),
        ("teacher_momentum", 0.996, 2, "minus_log10_one_minus", "float"),
        ("hidden", 100, 2, "log2", "int"),
        ("embed_dim", 512, 2, "log2", "int"),
        ("out_channels", 48, 2, "linear", "int"),
        ("beta2", 0.95, 3, "minus_log10_one_minus", "float"),
        ("gamma", 0.99, 3, "minus_log10_one_minus", "float"),
        ("kl_weight", 0.001, 3, "log10", "float"),
        ("temperature", 0.5, 3, "linear", "float"),
        ("rays", 4096.0, 3, "log10", "float"),
        ("heads", 8, 3, "log2", "int"),
        ("patience", 5, 3, "linear", "int"),
        ("wd", 0.0, 3, "log10", "float"),
        ("max_grad_norm", 1.0, 3, "log10", "float"),
        ("use_ema", True, 3, "linear", "bool"),
        ("margin", -2.0, 3, "linear", "float"),
    ],
)
def test_tier_scale_and_kind_follow_from_name_and_value(
    name: str, value: float, tier: int, scale: str, kind: str
) -> None:
    item = guessed(name, value)

    assert item is not None
    assert (item.name, item.tier, item.scale, item.kind) == (name, tier, scale, kind)
    assert (item.default, item.optimizers) == (value, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("data_dir", "data"),
        ("seed", 0),
        ("num_workers", 4),
        ("log_interval", 10),
        ("saveEvery", 100),
        ("verbose", True),
        ("gpus", 1),
        ("epochs", 10),
        ("max-steps", 1000),
        ("lr_step_size", 30),
        ("comment", "a word"),
        ("sizes", [1, 2]),
        ("limit", None),
        ("limit", math.nan),
        ("limit", math.inf),
        ("limit", 2**60),
    ],
)
def test_what_training_does_not_depend_on_is_left_out(name: str, value: object) -> None:
    assert guessed(name, value) is None


def test_a_standard_value_beyond_the_standard_bounds_is_guessed_from_the_value() -> None:
    item = guessed("learning_rate", 30.0)  # of LBFGS or of a normalised loss

    assert item is not None
    assert (item.tier, item.scale, item.high) == (1, "log10", 30.0)


def test_a_whole_number_may_be_as_low_as_1() -> None:
    item = guessed("heads", 8)

    assert item is not None
    assert item.check(1) == 1


def test_a_numpy_number_is_a_number() -> None:
    item = guessed("kl_weight", np.float64(0.001))

    assert item is not None
    assert type(item.default) is float


@given(NAMES, VALUES)
def test_the_script_s_own_value_is_always_within_the_bounds(name: str, value: object) -> None:
    item = guessed(name, value)

    if item is not None:
        assert item.check(item.default) == value
        assert item.low < item.high or item.kind in ("bool", "choice")
        if item.kind == "float":
            assert math.isfinite(item.low)
            assert math.isfinite(item.high)
        assert from_json(item.to_json()) == item


def test_names_are_compared_by_their_words() -> None:
    assert snake_case("--maxGradNorm") == snake_case("max-grad.norm") == "max_grad_norm"
