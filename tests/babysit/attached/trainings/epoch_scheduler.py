"""A scheduler that steps at the end of each epoch, behind the loop over the batches."""

import torch
from sklearn.datasets import load_digits
from torch import nn

import babysit

torch.manual_seed(0)
digits = load_digits()
images = torch.tensor(digits.data, dtype=torch.float32) / 16
labels = torch.tensor(digits.target)
net = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 10))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)

run = babysit.attach("epoch_scheduler", model=net, optimizer=optimizer, scheduler=scheduler)
for _ in run.epochs(3):
    for index in run.shuffled(1200, 64):
        loss = nn.functional.cross_entropy(net(images[index]), labels[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)
    scheduler.step()
