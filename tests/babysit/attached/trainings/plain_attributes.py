"""A network with a temperature and a count of its own, which unfreezes itself; averaged weights."""

import torch
from torch import nn
from torch.optim.swa_utils import SWALR, AveragedModel
from torch.utils.data import DataLoader, TensorDataset

import babysit


class Gate(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 8).requires_grad_(False)
        self.norm, self.out = nn.BatchNorm1d(8), nn.Linear(8, 3)
        self.temperature, self.calls, self.seen = 2.0, 0, []

    def forward(self, x):
        self.calls += 1
        self.temperature = max(0.5, self.temperature * 0.98)
        self.seen = [*self.seen[-3:], self.temperature]
        if self.calls == 12:
            self.inner.requires_grad_(True)
        hidden = nn.functional.gumbel_softmax(self.norm(self.inner(x)), sum(self.seen) / 4)
        return self.out(hidden)


torch.manual_seed(0)
data = TensorDataset(torch.randn(120, 4), torch.randint(0, 3, (120,)))
loader = DataLoader(data, batch_size=16, shuffle=True)
net = Gate()
words = nn.Embedding(20, 3, sparse=True)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
for_words = torch.optim.SparseAdam(words.parameters(), lr=0.05)
mean, scheduler = AveragedModel(net), SWALR(optimizer, swa_lr=0.02, anneal_epochs=2)
run = babysit.attach(
    "plain_attributes",
    model={"net": net, "words": words},
    optimizer={"sgd": optimizer, "sparse": for_words},
    mean=mean,
    scheduler=scheduler,
)
for epoch in run.epochs(6):
    for number, (x, y) in run.enumerate(run.batches(loader)):
        out = net(x) + words(torch.randint(0, 20, (len(x),)))
        loss = nn.functional.cross_entropy(out, y)
        loss.backward()
        if number % 3 == 2:
            for item in (optimizer, for_words):
                item.step()
                item.zero_grad()
        run.log(loss=loss, temperature=net.temperature)
    if epoch > 1:
        mean.update_parameters(net)
        scheduler.step()
