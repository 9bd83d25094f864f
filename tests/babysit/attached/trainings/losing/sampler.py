"""Loses the place of a sampler that counts its passes."""

import random

import torch
from torch import nn
from torch.utils.data import DataLoader, Sampler, TensorDataset

import babysit


class Own(Sampler):
    def __init__(self, count):
        self.count, self.passes = count, 0

    def __len__(self):
        return self.count

    def __iter__(self):
        order = list(range(self.count))
        self.passes += 1
        random.Random(self.passes).shuffle(order)
        return iter(order)


torch.manual_seed(0)
data = TensorDataset(torch.randn(160, 4))
loader = DataLoader(data, batch_size=16, sampler=Own(160))
net = nn.Linear(4, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
run = babysit.attach(model=net, optimizer=optimizer)
for _ in run.epochs(5):
    for (x,) in run.batches(loader):
        loss = net(x).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)
