"""A plain loop: five lines more than without Babysit.

python examples/plain_loop.py
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import babysit

torch.manual_seed(0)
x = torch.rand(512, 8)
y = (x.sum(1) > 4).long()
loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 2))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=320)

run = babysit.attach("plain loop", model=net, optimizer=optimizer, scheduler=scheduler)
for epoch in run.epochs(20):
    for inputs, labels in run.batches(loader):
        loss = nn.functional.cross_entropy(net(inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        run.log(loss=loss)
