"""The body learns from the second epoch on, in a parameter group of its own."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import babysit

torch.manual_seed(9)
digits = load_digits()
data = TensorDataset(
    torch.tensor(digits.data, dtype=torch.float32) / 16, torch.tensor(digits.target)
)
loader = DataLoader(data, batch_size=64, shuffle=True)
body = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.1))
head = nn.Linear(32, 10)
for parameter in body.parameters():
    parameter.requires_grad = False
optimizer = torch.optim.Adam(head.parameters(), lr=1e-2)

run = babysit.attach("unfreezing", model={"body": body, "head": head}, optimizer=optimizer)
for epoch in run.epochs(4):
    if epoch == 1:
        for parameter in body.parameters():
            parameter.requires_grad = True
        optimizer.add_param_group({"params": list(body.parameters()), "lr": 1e-3})
    for group in optimizer.param_groups:
        group["lr"] *= 0.7
    for x, y in run.batches(loader):
        loss = nn.functional.cross_entropy(head(body(x)), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)
