"""Mixed precision with a scaler, gradients over four batches, clipping, and two groups.

python examples/mixed_precision.py
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import babysit

torch.manual_seed(4)
device = "cuda" if torch.cuda.is_available() else "cpu"
x = torch.randn(1024, 16)
y = x @ torch.randn(16, 1)
loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
net = nn.Sequential(nn.Linear(16, 64), nn.GELU(), nn.Linear(64, 1)).to(device)
weights = [item for item in net.parameters() if item.ndim > 1]
biases = [item for item in net.parameters() if item.ndim == 1]
optimizer = torch.optim.AdamW(
    [
        {"params": weights, "weight_decay": 0.01, "name": "weights"},
        {"params": biases, "weight_decay": 0.0, "name": "biases"},
    ],
    lr=2e-3,
)
scaler = torch.amp.GradScaler(device)
run = babysit.attach("mixed precision", model=net, optimizer=optimizer, scaler=scaler)
for epoch in run.epochs(8):
    for inputs, wanted in run.batches(loader):
        with torch.autocast(device, dtype=torch.bfloat16):
            loss = nn.functional.mse_loss(net(inputs.to(device)), wanted.to(device)) / 4
        scaler.scale(loss).backward()
        if run.step % 4 == 3:
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
        run.log(loss=4 * loss)
