"""Loses a buffer that is changed by its methods."""

from collections import deque

import torch
from torch import nn

import babysit


def main():
    torch.manual_seed(0)
    net = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    run = babysit.attach(model=net, optimizer=optimizer)
    recent = deque(maxlen=10)
    for _ in run.steps(60):
        recent.append(torch.randn(4))
        loss = net(torch.stack(list(recent))).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)


if __name__ == "__main__":
    main()
