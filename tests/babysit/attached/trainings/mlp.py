"""A plain loop over shuffled indices."""

import torch
from sklearn.datasets import load_digits
from torch import nn

import babysit

torch.manual_seed(0)
digits = load_digits()
images = torch.tensor(digits.data, dtype=torch.float32) / 16
labels = torch.tensor(digits.target)
net = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Dropout(0.1), nn.Linear(48, 10))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)

run = babysit.attach("mlp", model=net, optimizer=optimizer)
for _ in run.epochs(3):
    for index in run.shuffled(1200, 32):
        loss = nn.functional.cross_entropy(net(images[index]), labels[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)
    with torch.no_grad():
        hits = net(images[1200:]).argmax(1) == labels[1200:]
    run.log({"val/accuracy": hits.float().mean()})
