"""Two networks and two optimizers."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import babysit

torch.manual_seed(4)
images = torch.tensor(load_digits().data, dtype=torch.float32) / 8 - 1
loader = DataLoader(TensorDataset(images), batch_size=64, shuffle=True, drop_last=True)
generator = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 64), nn.Tanh())
critic = nn.Sequential(nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Dropout(0.2), nn.Linear(64, 1))
for_generator = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
for_critic = torch.optim.Adam(critic.parameters(), lr=2e-4, betas=(0.5, 0.999))
loss_of = nn.BCEWithLogitsLoss()

run = babysit.attach(
    "gan",
    model={"generator": generator, "critic": critic},
    optimizer={"for_generator": for_generator, "for_critic": for_critic},
)
for _ in run.epochs(4):
    for (real,) in run.batches(loader):
        ones, zeros = torch.ones(len(real), 1), torch.zeros(len(real), 1)
        fake = generator(torch.randn(len(real), 16))
        loss_critic = loss_of(critic(real), ones) + loss_of(critic(fake.detach()), zeros)
        for_critic.zero_grad()
        loss_critic.backward()
        for_critic.step()
        loss_generator = loss_of(critic(fake), ones)
        for_generator.zero_grad()
        loss_generator.backward()
        for_generator.step()
        run.log(critic=loss_critic, generator=loss_generator)
