"""Seeds the global generators of torch, numpy and python."""

from __future__ import annotations

import random

import numpy as np
import torch


def seed_generators(seed: int) -> None:
    if torch.accelerator.current_accelerator() is None:
        # A build for the CPU alone. `torch.manual_seed` would do the same, and keep a traceback
        # with its sources for each kind of GPU: 3 ms of a trial that trains for 200.
        torch.default_generator.manual_seed(seed)
    else:
        torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)
