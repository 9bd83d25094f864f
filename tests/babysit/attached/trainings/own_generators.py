"""Generators of NumPy in a data set, in a sampler of batches, and in the loop for mixup."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Sampler

import babysit


class Noisy(Dataset):
    def __init__(self, count):
        self.rng = np.random.default_rng(3)
        self.x = self.rng.normal(size=(count, 6)).astype(np.float32)
        self.y = (self.x.sum(1) > 0).astype(np.int64)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index] + 0.3 * self.rng.normal(size=6).astype(np.float32), self.y[index]


class Batches(Sampler):
    def __init__(self, count, size):
        self.count, self.size = count, size
        self.rng = np.random.default_rng(4)

    def __iter__(self):
        order = self.rng.permutation(self.count)
        for at in range(0, self.count, self.size):
            yield order[at : at + self.size].tolist()

    def __len__(self):
        return (self.count + self.size - 1) // self.size


torch.manual_seed(0)
rng = np.random.default_rng(7)
loader = DataLoader(Noisy(160), batch_sampler=Batches(160, 12))
net = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=70)
run = babysit.attach("mixup", model=net, optimizer=optimizer, scheduler=scheduler, mixing=rng)
for _ in run.epochs(5):
    for x, y in run.batches(loader):
        share, mate = float(rng.beta(0.4, 0.4)), torch.from_numpy(rng.permutation(len(x)))
        out = net(share * x + (1 - share) * x[mate])
        loss = share * nn.functional.cross_entropy(out, y)
        loss = loss + (1 - share) * nn.functional.cross_entropy(out, y[mate])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        run.log(loss=loss, x=x.sum())
