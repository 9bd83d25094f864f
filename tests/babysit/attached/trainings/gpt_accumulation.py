"""A small transformer: four micro-batches a step, clipping, autocast, its own learning rates."""

import torch
from torch import nn
from torch.nn import functional as F

import babysit

torch.manual_seed(3)
text = torch.randint(0, 40, (20_000,), generator=torch.Generator().manual_seed(1))
LENGTH, BATCH, MICRO = 16, 8, 4


class Model(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.token, self.place = nn.Embedding(40, width), nn.Embedding(LENGTH, width)
        layer = nn.TransformerEncoderLayer(width, 4, 64, dropout=0.1, batch_first=True)
        self.body = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.head = nn.Linear(width, 40, bias=False)
        self.head.weight = self.token.weight

    def forward(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        hidden = self.token(x) + self.place(torch.arange(x.shape[1]))
        return self.head(self.body(hidden, mask=mask, is_causal=True))


def get_batch():
    starts = torch.randint(len(text) - LENGTH - 1, (BATCH,))
    x = torch.stack([text[i : i + LENGTH] for i in starts])
    return x, torch.stack([text[i + 1 : i + LENGTH + 1] for i in starts])


model = Model()
optimizer = torch.optim.AdamW(
    [
        {"params": [p for p in model.parameters() if p.ndim >= 2], "weight_decay": 0.1},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ],
    lr=3e-3,
    betas=(0.9, 0.95),
)
run = babysit.attach("gpt", model=model, optimizer=optimizer)
for step in run.steps(80):
    for group in optimizer.param_groups:
        group["lr"] = 3e-3 * min(1.0, (step + 1) / 10)
    for _ in range(MICRO):
        x, y = get_batch()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten()) / MICRO
        loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    run.log(loss=loss * MICRO)
