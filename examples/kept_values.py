"""Values that the loop carries from turn to turn are kept: here a baseline and a counter.

python examples/kept_values.py
"""

import torch
from torch import nn

import babysit

torch.manual_seed(2)
policy = nn.Linear(4, 3)
optimizer = torch.optim.Adam(policy.parameters(), lr=0.02)
worth = torch.tensor([0.1, 0.5, 0.9])
run = babysit.attach("kept values", model=policy, optimizer=optimizer)
own = run.keep(baseline=0.0, wins=0)
for step in run.steps(300):
    choice = torch.distributions.Categorical(logits=policy(torch.randn(16, 4)))
    actions = choice.sample()
    rewards = torch.bernoulli(worth[actions])
    own.baseline = 0.95 * own.baseline + 0.05 * rewards.mean().item()
    own.wins += int(rewards.sum())
    loss = -(choice.log_prob(actions) * (rewards - own.baseline)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    run.log(loss=loss, reward=rewards.mean(), wins=own.wins)
