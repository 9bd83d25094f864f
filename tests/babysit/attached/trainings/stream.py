"""An endless data set without a length."""

import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset

import babysit


class Waves(IterableDataset):
    def __iter__(self):
        for _ in range(50):
            x = torch.rand(16) * 6
            yield x[:, None], torch.sin(x)[:, None] + 0.1 * torch.randn(16, 1)


torch.manual_seed(8)
net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))
optimizer = torch.optim.RMSprop(net.parameters(), lr=1e-3, momentum=0.5)
loader = DataLoader(Waves(), batch_size=None)
run = babysit.attach("stream", model=net, optimizer=optimizer)
for x, y in run.batches(loader, steps=120):
    loss = nn.functional.mse_loss(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    run.log(loss=loss)
