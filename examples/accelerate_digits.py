"""Accelerate: attach takes the accelerator, and the loop asks the run for its batches."""

import torch
from accelerate import Accelerator
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from babysit.accelerate import attach

torch.manual_seed(0)
accelerator = Accelerator(cpu=True, gradient_accumulation_steps=4)
digits = load_digits()
x, y = torch.tensor(digits.data, dtype=torch.float32) / 16, torch.tensor(digits.target)
net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 10))
optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3)
loader = DataLoader(TensorDataset(x, y), batch_size=50, shuffle=True)
net, optimizer, loader = accelerator.prepare(net, optimizer, loader)

run = attach("accelerate", accelerator, model=net, optimizer=optimizer)
for _ in run.epochs(3):
    for images, labels in run.batches(loader):
        with accelerator.accumulate(net):
            loss = nn.functional.cross_entropy(net(images), labels)
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
        run.log(loss=loss)
