"""Work that the fork server does once, so that no worker has to do it."""

from __future__ import annotations

import gc
import importlib
import sys

import safetensors.torch
import torch

from babysit.training.task_loader import imported_files


def warm_up() -> None:
    """Let torch do once what it does at its first optimizer and its first generator."""
    torch.set_num_threads(1)
    parameter = torch.nn.Parameter(torch.zeros(1))
    parameter.grad = torch.zeros(1)  # a backward pass might start threads or touch a GPU
    for kind in (torch.optim.SGD, torch.optim.Adam, torch.optim.RMSprop):
        kind([parameter], lr=0.1).step()
    safetensors.torch.save({"parameter": parameter.detach()})  # the first call imports modules
    imported_files()  # workers then know which modules are installed
    torch.manual_seed(0)  # for a GPU that is not used yet it keeps a traceback, with its sources
    gc.collect()
    gc.freeze()  # children share these pages as long as no garbage collection writes to them


def touch_pages() -> None:
    """In a forked process that still waits: write to the memory that every start writes to.

    The first write to a page that is shared with the fork server copies it, and a start has some
    7,000 of them: more than half of its processor time.
    """
    imported_files()
    random = torch.get_rng_state()
    importlib.invalidate_caches()
    network = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.ReLU())
    network(torch.zeros(1, 1))
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9).step()
    safetensors.torch.save(network.state_dict())
    torch.set_rng_state(random)


def load(module: str) -> None:
    """Import a module that tasks import, too."""
    try:
        importlib.import_module(module)
    except Exception as error:  # a task that needs the module reports it, too
        sys.stderr.write(f"cannot preload {module}: {error}\n")
        return
    imported_files()
    gc.freeze()
