"""Accelerate: 29 batches an epoch, accumulated by four, and a prepared scheduler."""

import torch
from accelerate import Accelerator
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from babysit.accelerate import attach

torch.manual_seed(12)
accelerator = Accelerator(cpu=True, gradient_accumulation_steps=4)
d = load_digits()
x, y = torch.tensor(d.data, dtype=torch.float32) / 16, torch.tensor(d.target)
net = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Dropout(0.2), nn.Linear(48, 10))
optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=40)
loader = DataLoader(TensorDataset(x[:1450], y[:1450]), batch_size=50, shuffle=True)
net, optimizer, scheduler, loader = accelerator.prepare(net, optimizer, scheduler, loader)

run = attach("accelerate", accelerator, model=net, optimizer=optimizer, scheduler=scheduler)
own = run.keep(updates=0)
for _ in run.epochs(3):
    for images, labels in run.batches(loader):
        with accelerator.accumulate(net):
            loss = nn.functional.cross_entropy(net(images), labels)
            accelerator.backward(loss)
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
        own.updates += accelerator.sync_gradients
        run.log(loss=loss)
    run.log({"val/updates": own.updates})
