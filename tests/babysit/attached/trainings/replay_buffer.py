"""Q-learning from a buffer that the loop fills."""

import random
from collections import deque

import torch
from torch import nn

import babysit

random.seed(12)
torch.manual_seed(12)
net = nn.Sequential(nn.Linear(3, 24), nn.ReLU(), nn.Linear(24, 1))
target = nn.Sequential(nn.Linear(3, 24), nn.ReLU(), nn.Linear(24, 1))
target.load_state_dict(net.state_dict())
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
run = babysit.attach("replay", model=net, target=target, optimizer=optimizer)
own = run.keep(buffer=deque(maxlen=200), state=[0.0, 0.0])
for step in run.steps(120):
    action = random.choice((-1.0, 1.0))
    after = [0.9 * own.state[0] + 0.1 * action, own.state[0]]
    own.buffer.append((own.state, action, -abs(after[0] - 0.3), after))
    own.state = after
    batch = random.sample(list(own.buffer), min(16, len(own.buffer)))
    x = torch.tensor([[*state, action] for state, action, _, _ in batch])
    with torch.no_grad():
        best = torch.maximum(
            *(target(torch.tensor([[*then, a] for *_, then in batch])) for a in (-1.0, 1.0))
        )
    wanted = torch.tensor([[reward] for _, _, reward, _ in batch]) + 0.9 * best
    loss = nn.functional.mse_loss(net(x), wanted)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 20 == 19:
        target.load_state_dict(net.state_dict())
    run.log(loss=loss)
