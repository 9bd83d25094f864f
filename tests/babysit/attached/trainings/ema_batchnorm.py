"""An average of the weights beside them, and a OneCycle schedule that moves momentum, too."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, TensorDataset

import babysit

torch.manual_seed(7)
digits = load_digits()
data = TensorDataset(
    torch.tensor(digits.data, dtype=torch.float32) / 16, torch.tensor(digits.target)
)
loader = DataLoader(data, batch_size=64, shuffle=True)
net = nn.Sequential(nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 10))
average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.98), use_buffers=True)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.2, total_steps=4 * len(loader))

run = babysit.attach("ema", model=net, optimizer=optimizer, scheduler=scheduler, ema=average)
for _ in run.epochs(4):
    net.train()
    for x, y in run.batches(loader):
        loss = nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        average.update_parameters(net)
        run.log(loss=loss)
    net.eval()
    with torch.no_grad():
        run.log(
            {"val/loss": nn.functional.cross_entropy(average(data.tensors[0]), data.tensors[1])}
        )
