"""Two processes that load data; a function of the script's own gives each a generator."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler, get_worker_info

import babysit


class Noisy(Dataset):
    def __init__(self):
        self.x = np.random.RandomState(0).randn(96, 4).astype(np.float32)
        self.rng = None

    def __len__(self):
        return 96

    def __getitem__(self, index):
        noisy = self.x[index] + self.rng.normal(0, 0.1, 4) + 0.1 * np.random.rand(4)
        return torch.as_tensor(noisy, dtype=torch.float32), torch.tensor([self.x[index].sum()])


def begin(worker):
    info = get_worker_info()
    info.dataset.rng = np.random.default_rng(info.seed)


torch.manual_seed(0)
own = torch.Generator().manual_seed(5)
loader = DataLoader(
    Noisy(),
    batch_size=12,
    sampler=WeightedRandomSampler(torch.rand(96), 96, generator=own),
    num_workers=2,
    persistent_workers=True,
    worker_init_fn=begin,
    generator=own,
)
net = nn.Linear(4, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
run = babysit.attach("worker_generators", model=net, optimizer=optimizer)
for _ in run.epochs(6):
    for x, y in run.batches(loader):
        loss = nn.functional.l1_loss(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss, x=x.sum())
