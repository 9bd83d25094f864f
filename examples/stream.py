"""An endless stream of data, and an average of the weights.

python examples/stream.py
"""

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, IterableDataset

import babysit


class Waves(IterableDataset):
    def __iter__(self):
        while True:
            x = torch.rand(1) * 6
            yield x, torch.sin(x) + 0.1 * torch.randn(1)


torch.manual_seed(5)
net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))
average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.99))
optimizer = torch.optim.RMSprop(net.parameters(), lr=1e-3)
loader = DataLoader(Waves(), batch_size=32)
run = babysit.attach("stream", model=net, average=average, optimizer=optimizer)
for x, y in run.batches(loader, steps=300):
    loss = nn.functional.mse_loss(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    average.update_parameters(net)
    run.log(loss=loss)
