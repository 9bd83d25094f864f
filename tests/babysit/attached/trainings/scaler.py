"""Half precision with a scaler that leaves updates out, and gradients that are accumulated."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import babysit

torch.manual_seed(11)
digits = load_digits()
data = TensorDataset(
    torch.tensor(digits.data, dtype=torch.float32) / 16, torch.tensor(digits.target)
)
loader = DataLoader(data, batch_size=32, shuffle=True)
net = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3)
scaler = torch.amp.GradScaler("cpu", init_scale=2.0**20, growth_interval=10)

run = babysit.attach("scaler", model=net, optimizer=optimizer, scaler=scaler)
for _ in run.epochs(2):
    for x, y in run.batches(loader):
        with torch.autocast("cpu", dtype=torch.float16):
            loss = nn.functional.cross_entropy(net(x), y)
        scaler.scale(loss).backward()
        if run.step % 3 == 2:
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
        run.log(loss=loss, scale=scaler.get_scale())
