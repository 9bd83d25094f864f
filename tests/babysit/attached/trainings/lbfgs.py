"""An optimizer that calls the loss itself."""

import torch
from torch import nn

import babysit

torch.manual_seed(10)
x = torch.linspace(-1, 1, 200)[:, None]
y = torch.sin(4 * x)
net = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
optimizer = torch.optim.LBFGS(net.parameters(), lr=0.2, max_iter=4, history_size=8)


def closure():
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(net(x), y)
    loss.backward()
    return loss


run = babysit.attach("lbfgs", model=net, optimizer=optimizer)
for _ in run.steps(80):
    run.log(loss=optimizer.step(closure))
