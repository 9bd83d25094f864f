"""One of everything that can be steered: a group, arguments, a knob, a function to evaluate."""

from argparse import Namespace

import torch
from torch import nn

import babysit

args = babysit.config(Namespace(lr=0.1, penalty=0.001, hidden=16, tag="a"))
torch.manual_seed(20)
x = torch.randn(256, 4)
y = torch.sin(x.sum(1, keepdim=True))
net = nn.Sequential(
    nn.Linear(4, args.hidden),
    nn.BatchNorm1d(args.hidden),
    nn.Tanh(),
    nn.Dropout(0.1),
    nn.Linear(args.hidden, 1),
)
optimizer = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=0.9)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 200)
state = {"noise": 0.01}
babysit.knob("noise", lambda: state["noise"], lambda value: state.update(noise=value), 0.0, 1.0)

run = babysit.attach("steered", model=net, optimizer=optimizer, scheduler=scheduler)
own = run.keep(looks=0)


def note(*_):
    note.used = dict(optimizer.param_groups[0])


optimizer.register_step_post_hook(note)


@run.evaluate
def evaluate():
    loss = nn.functional.mse_loss(net(x) + torch.randn(1), y)  # in training mode, with noise
    own.looks += 1
    return {"loss": loss, "looks": own.looks}


for _ in run.epochs(10):
    for index in run.shuffled(256, 32):
        noisy = x[index] + state["noise"] * torch.randn(len(index), 4)
        loss = nn.functional.mse_loss(net(noisy), y[index])
        loss = loss + args.penalty * sum(p.square().sum() for p in net.parameters())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        run.log(
            loss=loss,
            used=note.used["lr"],
            used_momentum=note.used["momentum"],
            penalty=args.penalty,
            noise=state["noise"],
        )
