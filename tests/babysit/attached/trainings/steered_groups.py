"""Two optimizers; one has two groups and gets a third one later."""

import torch
from torch import nn

import babysit

torch.manual_seed(21)
x = torch.randn(256, 4)
y = torch.sin(x.sum(1, keepdim=True))
body, head, late = nn.Linear(4, 16), nn.Linear(16, 8), nn.Linear(8, 1)
for_body = torch.optim.Adam(body.parameters(), lr=0.01, betas=(0.9, 0.99))
for_head = torch.optim.SGD(
    [
        {"params": [head.weight], "lr": 0.05, "momentum": 0.9},
        {"params": [head.bias], "lr": 0.1, "momentum": 0.9, "name": "bias"},
    ]
)
run = babysit.attach(
    model={"body": body, "head": head, "late": late},
    optimizer={"for_body": for_body, "for_head": for_head},
)


def note(optimizer, *_):
    if optimizer is for_body:
        note.body = dict(for_body.param_groups[0])
    else:
        note.head = [dict(group) for group in for_head.param_groups]


for_body.register_step_post_hook(note)
for_head.register_step_post_hook(note)
for epoch in run.epochs(8):
    if epoch == 4:
        for_head.add_param_group({"params": late.parameters(), "lr": 0.02, "momentum": 0.5})
    for index in run.shuffled(256, 32):
        loss = nn.functional.mse_loss(late(torch.tanh(head(torch.tanh(body(x[index]))))), y[index])
        for optimizer in (for_body, for_head):
            optimizer.zero_grad()
        loss.backward()
        for_body.step()
        for_head.step()
        rates = {f"used_{number}": group["lr"] for number, group in enumerate(note.head)}
        run.log(loss=loss, beta1=note.body["betas"][0], body=note.body["lr"], **rates)
