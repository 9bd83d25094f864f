"""A training of a moment, with arguments that a search can vary."""

import argparse
import os
import signal
import time
from pathlib import Path

import torch
from torch import nn

import babysit

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.05)
parser.add_argument("--hidden", type=int, default=8)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--pause", type=float, default=0.0)
parser.add_argument("--fault", default="", help="`killed:FOLDER` notes there who was")
args = babysit.config(parser.parse_args(), objective="val/loss", mode="min")

fault, _, folder = args.fault.partition(":")
torch.manual_seed(args.seed)
x = torch.linspace(-1, 1, 64).unsqueeze(1)
y = x.square()
net = nn.Sequential(nn.Linear(1, args.hidden), nn.Tanh(), nn.Linear(args.hidden, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=0.9)
power = 1.0


def set_power(value: float) -> None:
    global power
    power = value


babysit.knob("power", lambda: power, set_power, low=0.5, high=2.0)
is_trial = args.hidden == 5  # what only trials are given
if fault == "raises" and is_trial:
    raise ValueError("no such data")
if fault == "exits" and is_trial:
    os._exit(3)
run = babysit.attach("short", model=net, optimizer=optimizer)
for _ in run.epochs(4):
    for index in run.shuffled(64, 8):
        loss = (net(x[index]) - y[index]).abs().pow(power + 1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)
        time.sleep(args.pause)
        if fault == "killed" and is_trial and run.step == 12:
            once = Path(folder, str(run.id))
            if not once.exists():
                once.touch()
                os.kill(os.getpid(), signal.SIGKILL)
    if not (fault == "silent" and is_trial):
        with torch.no_grad():
            run.log({"val/loss": nn.functional.mse_loss(net(x), y), "val/size": args.hidden})
