"""Reinforcement learning: an episode is a turn; its baseline is carried."""

import random

import torch
from torch import nn

import babysit


def episode(policy):
    state, log_probabilities, rewards = [random.uniform(-0.5, 0.5) for _ in range(2)], [], []
    for _ in range(20):
        choice = torch.distributions.Categorical(logits=policy(torch.tensor(state)))
        action = choice.sample()
        log_probabilities.append(choice.log_prob(action))
        state[1] += (0.1 if action.item() else -0.1) + random.gauss(0, 0.02)
        state[0] += state[1]
        rewards.append(-abs(state[0]))
    return torch.stack(log_probabilities), rewards


random.seed(6)
torch.manual_seed(6)
policy = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
run = babysit.attach("policy", model=policy, optimizer=optimizer)
own = run.keep(baseline=0.0)
for _ in run.steps(80):
    log_probabilities, rewards = episode(policy)
    returns = torch.tensor(rewards).flip(0).cumsum(0).flip(0)
    own.baseline = 0.9 * own.baseline + 0.1 * returns.mean().item()
    loss = -(log_probabilities * (returns - own.baseline)).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    run.log(loss=loss, reward=sum(rewards))
