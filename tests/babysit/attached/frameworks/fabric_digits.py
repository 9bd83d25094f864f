"""A plain loop of Fabric's."""

import torch
from lightning.fabric import Fabric
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from babysit.lightning import attach

torch.manual_seed(13)
fabric = Fabric(accelerator="cpu", devices=1)
d = load_digits()
x, y = torch.tensor(d.data, dtype=torch.float32) / 16, torch.tensor(d.target)
net = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Dropout(0.2), nn.Linear(48, 10))
optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
net, optimizer = fabric.setup(net, optimizer)
dataset = TensorDataset(x[:1450], y[:1450])
loader = fabric.setup_dataloaders(DataLoader(dataset, batch_size=50, shuffle=True))

run = attach("fabric", model=net, optimizer=optimizer)
for _ in run.epochs(3):
    for images, labels in run.batches(loader):
        loss = nn.functional.cross_entropy(net(images), labels)
        optimizer.zero_grad()
        fabric.backward(loss)
        optimizer.step()
        run.log(loss=loss)
