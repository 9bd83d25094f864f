"""Arguments that can be changed, a value that is measured, and which state is the best.

python examples/arguments.py --hidden 64
"""

import argparse

import torch
from torch import nn

import babysit

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=3e-3)
parser.add_argument("--hidden", type=int, default=32)
parser.add_argument("--smoothing", type=float, default=0.05)
args = babysit.config(parser.parse_args(), objective="val/accuracy", mode="max")

torch.manual_seed(1)
x = torch.randn(600, 6)
y = (x[:, 0] * x[:, 1] > 0).long()
net = nn.Sequential(nn.Linear(6, args.hidden), nn.Tanh(), nn.Linear(args.hidden, 2))
optimizer = torch.optim.AdamW(net.parameters(), lr=args.lr)
run = babysit.attach("arguments", model=net, optimizer=optimizer)


@run.evaluate
def evaluate():
    with torch.no_grad():
        return {"accuracy": (net(x[500:]).argmax(1) == y[500:]).float().mean()}


for epoch in run.epochs(30):
    for index in run.shuffled(500, 25):
        loss = nn.functional.cross_entropy(net(x[index]), y[index], label_smoothing=args.smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)
    run.log({"val/accuracy": evaluate()["accuracy"]})
