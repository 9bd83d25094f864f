"""The tasks on real tables: they read what scikit-learn would give, and split it fairly."""

from __future__ import annotations

import numpy as np
import torch
from sklearn import datasets

from babysit.task import SampleRandom
from models import diabetes, digits, digits_cnn
from models._digits import load_digits
from tests.models.plain_loop import examples_of, learn


def test_digits_are_those_of_scikit_learn() -> None:
    images, labels = datasets.load_digits(return_X_y=True)

    x, y = load_digits()

    assert np.array_equal(x.numpy() * 16, images)
    assert np.array_equal(y.numpy(), labels)


def test_diabetes_is_that_of_scikit_learn() -> None:
    measured, progression = datasets.load_diabetes(return_X_y=True, scaled=False)

    x, y = diabetes.load_people()

    assert np.array_equal(x.numpy(), measured.astype(np.float32))
    assert np.array_equal(y.numpy().ravel(), progression)


def test_each_digit_has_the_same_part_in_the_validation_set() -> None:
    train, val = examples_of(digits.load())

    assert len(train) + len(val) == 1797
    in_val, in_train = torch.bincount(val.y), torch.bincount(train.y)
    assert (in_val - 0.2 * (in_val + in_train)).abs().max() <= 0.5


def test_both_digit_tasks_learn_from_the_same_images() -> None:
    for flat, square in zip(
        examples_of(digits.load()), examples_of(digits_cnn.load()), strict=True
    ):
        assert torch.equal(flat.x, square.x.flatten(1))
        assert torch.equal(flat.y, square.y)


def test_a_shift_depends_only_on_seed_epoch_and_index() -> None:
    x = examples_of(digits_cnn.load())[0].x[:100]

    together = digits_cnn.shift(x, SampleRandom(3, 5, np.arange(100)))
    apart = [digits_cnn.shift(x[[i]], SampleRandom(3, 5, np.array([i]))) for i in range(100)]
    backwards = digits_cnn.shift(x.flip(0), SampleRandom(3, 5, np.arange(100)[::-1]))

    assert torch.equal(together, torch.cat(apart))
    assert torch.equal(together, backwards.flip(0))
    for seed, epoch in ((3, 6), (4, 5)):
        other = digits_cnn.shift(x, SampleRandom(seed, epoch, np.arange(100)))
        assert not torch.equal(together, other)


def test_images_move_to_all_nine_places_and_nothing_wraps_around() -> None:
    corner = torch.zeros(500, 1, 8, 8)
    corner[:, :, 0, 0] = 1.0
    middle = torch.zeros(500, 1, 8, 8)
    middle[:, :, 4, 4] = 1.0
    random = SampleRandom(0, 0, np.arange(500))

    shifted = digits_cnn.shift(corner, random)
    seen = digits_cnn.shift(middle, random).nonzero()  # (500, 4)

    assert shifted[:, 0, 2:, :].sum() == shifted[:, 0, :, 2:].sum() == 0
    assert {(row, column) for _, _, row, column in seen.tolist()} == {
        (row, column) for row in (3, 4, 5) for column in (3, 4, 5)
    }


def test_digits_are_learnt_well_by_default() -> None:
    network, _ = learn(digits.TASK, steps=400)
    _, val = examples_of(digits.load())

    with torch.inference_mode():
        right = network.eval()(val.x).argmax(dim=1) == val.y

    assert right.float().mean() > 0.9


def test_diabetes_is_standardised_by_its_training_set() -> None:
    train, val = examples_of(diabetes.load())

    assert train.x.mean(dim=0).abs().max() < 1e-5
    assert (train.x.std(dim=0) - 1).abs().max() < 1e-5
    assert abs(train.y.mean().item()) < 0.01
    assert abs(train.y.std().item() - 1) < 0.01
    assert len(train) + len(val) == 442


def test_the_mean_absolute_error_is_in_the_unit_of_the_study() -> None:
    _, progression = diabetes.load_people()
    y = (progression - diabetes.TARGET_MEAN) / diabetes.TARGET_STD

    error = diabetes.mean_absolute_error(torch.zeros_like(y), y).item()

    assert abs(error - (progression - diabetes.TARGET_MEAN).abs().mean().item()) < 1e-3
