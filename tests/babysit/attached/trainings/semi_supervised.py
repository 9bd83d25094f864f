"""A second loader by `next`, a count of the turns for accumulation, a teacher, and a mean that
begins anew in each epoch.
"""

import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import babysit

torch.manual_seed(0)
x = torch.randn(120, 5)
labelled = DataLoader(TensorDataset(x[:52], (x[:52, 0] > 0).long()), batch_size=4, shuffle=True)
unlabelled = DataLoader(TensorDataset(x[52:]), batch_size=8, shuffle=True)
student = nn.Sequential(nn.Linear(5, 16), nn.Dropout(0.1), nn.ReLU(), nn.Linear(16, 2))
teacher = copy.deepcopy(student).requires_grad_(False)
optimizer = torch.optim.Adam(student.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 2)

run = babysit.attach(
    "semi_supervised", model=student, optimizer=optimizer, scheduler=scheduler, teacher=teacher
)
more = run.endless(unlabelled)
for epoch in run.epochs(5):
    mean = run.keep(total=0.0, count=0)
    for number, (x, y) in run.enumerate(run.batches(labelled)):
        (u,) = next(more)
        loss = nn.functional.cross_entropy(student(x), y)
        consistency = nn.functional.mse_loss(student(u), teacher(u))
        (loss + consistency).backward()
        if number % 3 == 2:
            optimizer.step()
            optimizer.zero_grad()
            scheduler.step(epoch + number / 13)
            with torch.no_grad():
                for slow, fast in zip(teacher.parameters(), student.parameters(), strict=True):
                    slow.lerp_(fast, 0.1)
        mean.total, mean.count = mean.total + loss.item(), mean.count + 1
        run.log(loss=loss, consistency=consistency, mean=mean.total / mean.count)
