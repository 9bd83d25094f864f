"""One pass over a loader, outside of any epochs: as many turns as there are batches."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import babysit

torch.manual_seed(0)
x = torch.randn(120, 3)
net = nn.Linear(3, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
run = babysit.attach("plain", model=net, optimizer=optimizer)
for (batch,) in run.batches(DataLoader(TensorDataset(x), batch_size=4, shuffle=True)):
    loss = (net(batch) - batch.sum(1, keepdim=True)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    run.log(loss=loss)
