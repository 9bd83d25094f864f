"""Loses the number of its steps, on which the cost depends."""

import torch
from torch import nn

import babysit

torch.manual_seed(0)
net = nn.Linear(4, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
run = babysit.attach(model=net, optimizer=optimizer)
step = 0
for _ in run.epochs(4):
    for index in run.shuffled(160, 16):
        step += 1
        x = torch.randn(len(index), 4)
        loss = (net(x) - step / 100).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)
