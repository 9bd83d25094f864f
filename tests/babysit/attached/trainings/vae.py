"""A weight that grows with the step."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import babysit

torch.manual_seed(5)
data = TensorDataset(torch.tensor(load_digits().data, dtype=torch.float32) / 16)
loader = DataLoader(data, batch_size=64, shuffle=True)
encoder = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 8))
decoder = nn.Sequential(nn.Linear(4, 48), nn.ReLU(), nn.Linear(48, 64))
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=2e-3)

run = babysit.attach("vae", model=[encoder, decoder], optimizer=optimizer)
for _ in run.epochs(4):
    for (x,) in run.batches(loader):
        mean, log_variance = encoder(x).chunk(2, dim=-1)
        z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        rebuilt = F.binary_cross_entropy_with_logits(decoder(z), x, reduction="sum") / len(x)
        divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum() / len(x)
        loss = rebuilt + min(1.0, run.step / 100) * divergence
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss, rebuilt=rebuilt)
