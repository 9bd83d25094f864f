"""Somebody's own training: two parameter groups, a schedule, arguments and a knob. It goes on until
it is stopped.
"""

import argparse
import time
from pathlib import Path

import torch
from torch import nn

import babysit

parser = argparse.ArgumentParser()
parser.add_argument("--hidden", type=int, default=16)
parser.add_argument("--kl-weight", type=float, default=0.001)
parser.add_argument("--comment", default="")
parser.add_argument("--wait-for", type=Path)
args = babysit.config(parser.parse_args(), objective="val/loss")

torch.manual_seed(0)
x = torch.randn(256, 8)
y = x.sin().sum(1, keepdim=True)
first, last = nn.Linear(8, args.hidden), nn.Linear(args.hidden, 1)
net = nn.Sequential(first, nn.Tanh(), last)
optimizer = torch.optim.SGD(
    [{"params": first.parameters()}, {"params": last.parameters(), "lr": 0.02}],
    lr=0.05,
    momentum=0.9,
)
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9999)
prior = {"weight": 0.5}

run = babysit.attach("steered", model=net, optimizer=optimizer, scheduler=scheduler)
babysit.knob(
    "prior",
    lambda: prior["weight"],
    lambda value: prior.update(weight=value),
    low=0.01,
    high=10.0,
    scale="log10",
    tier=2,
)
for step in run.steps(100_000):
    batch = torch.randint(0, 256, (32,))
    difference = net(x[batch]) - y[batch]
    loss = difference.square().mean() + args.kl_weight * prior["weight"]
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    run.log(loss=loss, accuracy=(difference.abs() < 0.5).float().mean())
    if step % 10 == 0:
        with torch.no_grad():
            difference = net(x) - y
            near = (difference.abs() < 0.5).float().mean()
            run.log(**{"val/loss": difference.square().mean(), "val/accuracy": near})
            run.log(**{"weights/mean": last.weight.mean(), "weights/max": last.weight.max()})
    while args.wait_for and not args.wait_for.exists():
        time.sleep(0.02)
    time.sleep(0.02)
