"""Two parameter groups, Nesterov momentum, a warm-up with cosine decay."""

import math

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import babysit


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x):
        return torch.relu(x + self.norm(self.conv(x)))


torch.manual_seed(2)
digits = load_digits()
data = TensorDataset(
    torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16, torch.tensor(digits.target)
)
loader = DataLoader(data, batch_size=64, shuffle=True, drop_last=True)
net = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1),
    Block(8),
    nn.AdaptiveAvgPool2d(2),
    nn.Flatten(),
    nn.Linear(32, 10),
)
optimizer = torch.optim.SGD(
    [
        {"params": [p for p in net.parameters() if p.ndim > 1], "weight_decay": 5e-4},
        {"params": [p for p in net.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ],
    lr=0.1,
    momentum=0.9,
    nesterov=True,
)
epochs, warm = 4, 20
total = epochs * len(loader)
scheduler = torch.optim.lr_scheduler.LambdaLR(
    optimizer,
    lambda s: (s + 1) / warm if s < warm else 0.5 * (1 + math.cos(math.pi * s / total)),
)

run = babysit.attach("resnet", model=net, optimizer=optimizer, scheduler=scheduler)
for _ in run.epochs(epochs):
    for x, y in run.batches(loader):
        loss = nn.functional.cross_entropy(net(x), y, label_smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        run.log(loss=loss)
