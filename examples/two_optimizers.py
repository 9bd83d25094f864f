"""Two networks with an optimizer each: their learning rates are steered one by one.

python examples/two_optimizers.py
"""

import torch
from torch import nn

import babysit

torch.manual_seed(3)
generator = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 2))
critic = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
for_generator = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.999))
for_critic = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.5, 0.999))
loss_of = nn.BCEWithLogitsLoss()
ones, zeros = torch.ones(64, 1), torch.zeros(64, 1)
run = babysit.attach(
    "two optimizers",
    model={"generator": generator, "critic": critic},
    optimizer={"for_generator": for_generator, "for_critic": for_critic},
)
for step in run.steps(300):
    angle = torch.rand(64, 1) * 6.283
    real = torch.cat([angle.cos(), angle.sin()], 1)
    fake = generator(torch.randn(64, 4))
    critic_loss = loss_of(critic(real), ones) + loss_of(critic(fake.detach()), zeros)
    for_critic.zero_grad()
    critic_loss.backward()
    for_critic.step()
    generator_loss = loss_of(critic(fake), ones)
    for_generator.zero_grad()
    generator_loss.backward()
    for_generator.step()
    run.log(critic=critic_loss, generator=generator_loss)
