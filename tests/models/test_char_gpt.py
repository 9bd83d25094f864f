"""The small GPT: it looks back and never ahead, and is measured on text it has not read."""

from __future__ import annotations

import math

import pytest
import torch

from models import char_gpt
from tests.models.plain_loop import examples_of, learn, values_of


def test_changing_a_later_character_changes_no_earlier_output() -> None:
    torch.manual_seed(0)
    network = char_gpt.build(values_of(char_gpt.TASK, 1000)).eval()
    x = torch.randint(len(char_gpt.VOCABULARY), (3, char_gpt.WINDOW))

    with torch.inference_mode():
        before = network(x)
        for place in (1, 17, char_gpt.WINDOW - 1):
            changed = x.clone()
            changed[:, place] = (x[:, place] + 1) % len(char_gpt.VOCABULARY)
            after = network(changed)

            assert torch.allclose(after[:, :place], before[:, :place], rtol=0, atol=1e-6)
            assert not torch.allclose(after[:, place:], before[:, place:], rtol=0, atol=1e-6)


def test_every_earlier_character_can_matter() -> None:
    torch.manual_seed(0)
    network = char_gpt.build(values_of(char_gpt.TASK, 1000)).eval()
    x = torch.randint(len(char_gpt.VOCABULARY), (1, char_gpt.WINDOW))

    with torch.inference_mode():
        last = network(x)[0, -1]
        x[0, 0] = (x[0, 0] + 1) % len(char_gpt.VOCABULARY)

        assert not torch.equal(network(x)[0, -1], last)


def test_shorter_windows_can_be_read() -> None:
    network = char_gpt.build(values_of(char_gpt.TASK, 1000))

    assert network(torch.zeros(2, 5, dtype=torch.int64)).shape == (2, 5, len(char_gpt.VOCABULARY))


def test_the_default_network_has_between_100_000_and_200_000_parameters() -> None:
    network = char_gpt.build(values_of(char_gpt.TASK, 1000))

    assert 100_000 < sum(parameter.numel() for parameter in network.parameters()) < 200_000


def test_the_target_of_each_character_is_the_one_after_it() -> None:
    codes = char_gpt.encode("a" * 10 + "b" * 80)

    examples = char_gpt.windows("a" * 10 + "b" * 80, stride=8)

    assert examples.x.shape == examples.y.shape == (4, char_gpt.WINDOW)  # 4 · 8 + 64 > 89
    assert torch.equal(examples.x[1], codes[8 : 8 + char_gpt.WINDOW])
    assert torch.equal(examples.y[1], codes[9 : 9 + char_gpt.WINDOW])


def test_text_is_spelled_in_ascii() -> None:
    letters = "".join(char_gpt.VOCABULARY[code] for code in char_gpt.encode("‘Ä’ is\n“9 °C”…"))

    assert letters == "'?' is\n\"9 ?C\"."
    assert len(set(char_gpt.VOCABULARY)) == len(char_gpt.VOCABULARY) == 96


def test_no_paragraph_is_both_learnt_and_measured() -> None:
    paragraphs = char_gpt.read_paragraphs()

    train, val = (set(text.split("\n\n")) for text in char_gpt.split(paragraphs))

    assert len({" ".join(paragraph.split()) for paragraph in paragraphs}) == len(paragraphs)
    assert not train & val
    assert len(train) + len(val) == len(paragraphs)


def test_a_window_that_stands_in_both_texts_is_only_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in the texts of some Python versions: two paragraphs that begin with the same example."""
    stretch = char_gpt.PARAGRAPHS_TOGETHER
    count = char_gpt.HELD_OUT_EVERY * stretch
    table = "=" * (char_gpt.WINDOW + 2)  # as wide as a table of the help texts
    texts = [chr(ord("a") + number % 26) * 200 + str(number) for number in range(count)]
    for number in (0, count - stretch):  # at the beginning of both sets
        texts[number] = f"{table}{number}"
    monkeypatch.setattr(char_gpt, "read_paragraphs", lambda: texts)

    train, val = examples_of(char_gpt.load())

    every = char_gpt.windows(char_gpt.split(texts)[0], char_gpt.TRAIN_STRIDE)
    measured = val.x.tolist()
    kept = [n for n, text in enumerate(every.x.tolist()) if text not in measured]
    assert measured[0] == char_gpt.encode(table)[: char_gpt.WINDOW].tolist()
    assert 0 < len(kept) < len(every)
    assert 0 not in kept
    assert torch.equal(train.x, every.x[kept])
    assert torch.equal(train.y, every.y[kept])


def test_it_begins_as_good_as_guessing_and_soon_knows_how_common_letters_are() -> None:
    _, costs = learn(char_gpt.TASK, steps=40)

    assert abs(costs[0] - math.log(96)) < 0.5
    assert sum(costs[-5:]) / 5 < 3.3  # nats; the entropy of the letters without order is 3.25
    assert len(examples_of(char_gpt.load())[1]) > 300
