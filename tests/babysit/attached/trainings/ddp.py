"""Two processes: DistributedDataParallel over gloo, dropout, random numbers of each rank."""

import datetime
import os

import torch
import torch.distributed as dist
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

import babysit


def main():
    timeout = float(os.environ.get("GROUP_TIMEOUT_S", "60"))
    dist.init_process_group("gloo", timeout=datetime.timedelta(seconds=timeout))
    torch.manual_seed(14)
    d = load_digits()
    ds = TensorDataset(torch.tensor(d.data, dtype=torch.float32) / 16, torch.tensor(d.target))
    loader = DataLoader(ds, batch_size=32, sampler=DistributedSampler(ds))
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 10))
    net = DistributedDataParallel(net)
    torch.manual_seed(14 + dist.get_rank())  # other random numbers for dropout
    opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    run = babysit.attach("ddp", model=net, optimizer=opt)
    own = run.keep(seen=0.0)
    for _ in run.epochs(3):
        for x, y in run.batches(loader):
            loss = nn.functional.cross_entropy(net(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            own.seen += float(x.sum())
            weights = sum(parameter.detach().double().sum() for parameter in net.parameters())
            both = torch.stack([loss.detach().double(), torch.tensor(own.seen), weights])
            dist.all_reduce(both)
            run.log(loss=loss, both=both[0], seen=both[1], apart=both[2] - 2 * weights)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
