"""Random augmentation in two processes that load data; the loop carries values of its own."""

import random

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset

import babysit


class Shifted(Dataset):
    def __init__(self):
        digits = load_digits()
        self.images = torch.tensor(digits.images[:480], dtype=torch.float32) / 16
        self.labels = digits.target[:480]

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = torch.roll(self.images[index], random.randint(-1, 1), 1)
        image = image + 0.05 * torch.randn(8, 8) + 0.01 * np.random.rand()
        return image[None], int(self.labels[index])


def main():
    torch.manual_seed(1)
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(288, 10)
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    loader = DataLoader(Shifted(), batch_size=32, shuffle=True, num_workers=2)
    run = babysit.attach("cnn", model=net, optimizer=optimizer)
    own = run.keep(best=1e9, running=0.0)
    for _ in run.epochs(3):
        own.running = 0.0
        for x, y in run.batches(loader):
            loss = nn.functional.cross_entropy(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            own.running += loss.item()
            run.log(loss=loss, running=own.running)
        own.best = min(own.best, own.running)
        run.log({"val/best": own.best})


if __name__ == "__main__":
    main()
