"""Loses half of the state of a part: its state_dict leaves out the count."""

import torch
from torch import nn

import babysit


class Smoothed:
    def __init__(self):
        self.mean, self.count = 0.0, 0

    def update(self, value):
        self.count += 1
        self.mean += (value - self.mean) / self.count
        return self.mean

    def state_dict(self):
        return {"mean": self.mean}

    def load_state_dict(self, state):
        self.mean = state["mean"]


torch.manual_seed(0)
net = nn.Linear(4, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
smoothed = Smoothed()
run = babysit.attach(model=net, optimizer=optimizer, smoothed=smoothed)
for _ in run.steps(60):
    loss = net(torch.randn(16, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    run.log(loss=loss, smoothed=smoothed.update(loss.item()))
