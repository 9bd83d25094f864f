"""A training that is slow enough to talk to."""

import argparse
import time

import torch
from torch import nn

import babysit

parser = argparse.ArgumentParser()
parser.add_argument("--hidden", type=int, default=8)
parser.add_argument("--weight", type=float, default=1.0)
parser.add_argument("--pause", type=float, default=0.01)
args = babysit.config(parser.parse_args(), objective="val/loss", mode="min")

torch.manual_seed(0)
x = torch.rand(256, 4)
y = x.sum(1, keepdim=True)
net = nn.Sequential(nn.Linear(4, args.hidden), nn.Tanh(), nn.Linear(args.hidden, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step / 1000))

run = babysit.attach("long", model=net, optimizer=optimizer, scheduler=scheduler)


@run.evaluate
def evaluate():
    return {"loss": nn.functional.mse_loss(net(x), y)}


for _ in run.epochs(1000):
    for index in run.shuffled(256, 8):
        loss = args.weight * nn.functional.mse_loss(net(x[index]), y[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        run.log(loss=loss)
        time.sleep(args.pause)  # the work of a slow step: nothing waits for it
    run.log({"val/loss": evaluate()["loss"]})
