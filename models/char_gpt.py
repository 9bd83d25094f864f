"""A character-level GPT: guess the next character of Python's own help texts.

A real transformer, small enough for a laptop's processor, on English text that comes with Python.
The text differs a little from one Python version to the next.

Shapes: N windows of a batch, T characters of a window, C width, H heads, D width of one head,
V characters of the vocabulary.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from babysit.task import Data, Examples, Task, Values, accuracy

WINDOW = 64  # T, how far back the network looks
TRAIN_STRIDE = WINDOW // 2  # training windows overlap by half, so most characters are seen in
# two contexts in each epoch; validation windows do not overlap
HEADS = 4

VOCABULARY = "\n" + "".join(map(chr, range(32, 127)))  # V = 96; ASCII
SPELLED = str.maketrans("‘’“”–—…", "''\"\"--.")  # as ASCII; what else is not ASCII becomes "?"

PARAGRAPHS_TOGETHER = 20  # held out or not as one, so that few windows lie next to the other set
HELD_OUT_EVERY = 12  # one stretch of paragraphs in so many is for validation
WEIGHT_STD = 0.02


def read_paragraphs() -> list[str]:
    """Each paragraph of the help texts once, topic after topic.

    A fifth of the text is there twice (`help("if")` is a part of `help("compound")`), which would
    put validation text into the training set.
    """
    from pydoc_data.topics import topics  # a half-megabyte module, so only when it is wanted

    text = "\n\n".join(topics[name].strip() for name in sorted(topics))
    first: dict[str, str] = {}
    for paragraph in text.split("\n\n"):
        first.setdefault(" ".join(paragraph.split()), paragraph)  # however it is indented
    return list(first.values())


def split(paragraphs: list[str]) -> tuple[str, str]:
    """The text to learn from and the text to measure on, in the order of the paragraphs."""
    texts: dict[bool, list[str]] = {False: [], True: []}
    for place, paragraph in enumerate(paragraphs):
        stretch = place // PARAGRAPHS_TOGETHER
        texts[stretch % HELD_OUT_EVERY == HELD_OUT_EVERY - 1].append(paragraph)
    return "\n\n".join(texts[False]), "\n\n".join(texts[True])


def encode(text: str) -> Tensor:
    """(len(text),) int64: the place of each character in the vocabulary."""
    places = {character: place for place, character in enumerate(VOCABULARY)}
    unknown = places["?"]
    return torch.tensor([places.get(letter, unknown) for letter in text.translate(SPELLED)])


def windows(text: str, stride: int) -> Examples:
    """Stretches of a text, `stride` characters apart, each with itself one character further on.

    Returns:
        x, y: (N, T) int64 views of the text's codes; y[n, t] is the character after x[n, t].
    """
    codes = encode(text)
    return Examples(codes[:-1].unfold(0, WINDOW, stride), codes[1:].unfold(0, WINDOW, stride))


def without(examples: Examples, others: Examples) -> Examples:
    """The examples whose text is none of the others' texts; the very same ones if all are.

    Two paragraphs can begin alike, and which windows lie there differs with the Python version.
    """
    held_out = {text.numpy().tobytes() for text in others.x}
    kept = torch.tensor([text.numpy().tobytes() not in held_out for text in examples.x])
    return examples if bool(kept.all()) else Examples(examples.x[kept], examples.y[kept])


def load() -> Data:
    learnt, measured = split(read_paragraphs())
    val = windows(measured, WINDOW)
    return Data(train=without(windows(learnt, TRAIN_STRIDE), val), val=val)


class Attention(nn.Module):
    """Each character looks at itself and the characters before it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.head_width = -(-width // HEADS)  # rounded up: any width will do
        inner = HEADS * self.head_width
        self.queries_keys_values = nn.Linear(width, 3 * inner)
        self.out = nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        N, T, _ = x.shape
        mixed = self.queries_keys_values(x).view(N, T, 3, HEADS, self.head_width)
        q, k, v = mixed.permute(2, 0, 3, 1, 4)  # (N, H, T, D) each
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # (N, H, T, D)
        out: Tensor = self.out(seen.transpose(1, 2).flatten(2))  # (N, T, C)
        return out


class Block(nn.Module):
    """Attention, then a dense network on each character; both are added to what came in."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.attend = nn.Sequential(nn.LayerNorm(width), Attention(width), nn.Dropout(dropout))
        self.think = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 4 * width),
            nn.GELU(),
            nn.Linear(4 * width, width),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        attended: Tensor = x + self.attend(x)  # (N, T, C)
        thought: Tensor = attended + self.think(attended)  # (N, T, C)
        return thought


class CharGPT(nn.Module):
    """A decoder-only transformer with learned positions and pre-normalisation.

    Source: Radford et al., "Language Models are Unsupervised Multitask Learners" (2019).
    """

    def __init__(self, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.characters = nn.Embedding(len(VOCABULARY), width)
        self.positions = nn.Embedding(WINDOW, width)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.Sequential(*(Block(width, dropout) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        self.scores = nn.Linear(width, len(VOCABULARY))
        for embedding in (self.characters, self.positions):
            nn.init.normal_(embedding.weight, std=WEIGHT_STD)

    def forward(self, x: Tensor) -> Tensor:
        """(N, T) characters -> (N, T, V) scores of the character after each."""
        places = torch.arange(x.shape[1], device=x.device)  # (T,)
        hidden = self.dropout(self.characters(x) + self.positions(places))  # (N, T, C)
        scores: Tensor = self.scores(self.norm(self.blocks(hidden)))
        return scores


def build(values: Values) -> nn.Module:
    return CharGPT(
        width=int(values["hidden_units"]),
        layers=int(values["layers"]),
        dropout=float(values["dropout"]),
    )


def cost(output: Tensor, y: Tensor, values: Values) -> Tensor:
    """Mean cross entropy in nats a character. output: (N, T, V) scores; y: (N, T) characters."""
    return F.cross_entropy(output.flatten(0, 1), y.flatten())


TASK = Task(
    title="Small GPT",
    summary="A two-layer transformer learns to write Python's help texts, letter by letter.",
    load=load,
    build=build,
    cost=cost,
    kind="language",
    hyperparameters=("hidden_units", "layers", "dropout"),
    defaults={
        "optimizer": "adamw",
        "learning_rate": 2e-3,
        "weight_decay": 0.01,
        "batch_size": 16,
        "hidden_units": 64,
        "layers": 2,
    },
    steps=2000,
    evaluate_every=100,
    metrics={"accuracy": accuracy},
)
