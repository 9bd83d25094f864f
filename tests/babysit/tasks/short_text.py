"""A small transformer that guesses the next letter of a short text."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Dataset

from babysit.task import Data, Examples, Task, Values

TEXT = "the panda eats the bamboo that the other panda found at the end of the long dark path "
LETTERS = sorted(set(TEXT))
CODES = torch.tensor([LETTERS.index(letter) for letter in TEXT])
WINDOW = 6  # letters it looks back at
WIDTH = 8


class Windows(Dataset[tuple[Tensor, Tensor]]):
    """Each stretch of the text, and itself one letter further on."""

    def __len__(self) -> int:
        return len(CODES) - WINDOW

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        end = index + WINDOW
        return CODES[index:end], CODES[index + 1 : end + 1]


class Reader(nn.Module):
    """One layer of attention and a dense one on each letter."""

    def __init__(self) -> None:
        super().__init__()
        self.letters = nn.Embedding(len(LETTERS), WIDTH)
        self.places = nn.Parameter(torch.zeros(WINDOW, WIDTH))
        self.layer = nn.TransformerEncoderLayer(WIDTH, 2, 16, dropout=0.1, batch_first=True)
        self.scores = nn.Linear(WIDTH, len(LETTERS))
        mask = nn.Transformer.generate_square_subsequent_mask(WINDOW)
        self.register_buffer("mask", mask)

    def forward(self, x: Tensor) -> Tensor:
        """(B, WINDOW) letters -> (B, WINDOW, letters) scores of the one after each."""
        hidden = self.layer(self.letters(x) + self.places, src_mask=self.mask, is_causal=True)
        scores: Tensor = self.scores(hidden)
        return scores


def load() -> Data:
    pairs = [Windows()[index] for index in range(0, len(Windows()), 7)]
    x, y = (torch.stack(part) for part in zip(*pairs, strict=True))
    return Data(train=Windows(), val=Examples(x, y))


def build(values: Values) -> nn.Module:
    return Reader()


def cost(output: Tensor, y: Tensor, values: Values) -> Tensor:
    """Mean cross entropy in nats a letter."""
    return F.cross_entropy(output.flatten(0, 1), y.flatten())


TASK = Task(
    title="Short text",
    summary="The next letter of a sentence.",
    kind="language",
    load=load,
    build=build,
    cost=cost,
    hyperparameters=("dropout",),
    defaults={"batch_size": 3, "dropout": 0.1},
    steps=100,
    loader_workers=0,
)
