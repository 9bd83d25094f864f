"""Work that the fork server does once, so that no worker has to do it."""

from __future__ import annotations

import gc
import importlib

import safetensors.torch
import torch

from babysit.training.task_loader import imported_files

# Imports that tasks often make and that take long.
LOADED_WHEN_IDLE = ("sklearn.datasets", "sklearn.model_selection")


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


def load(module: str) -> None:
    try:
        importlib.import_module(module)
    except Exception:  # a task that needs the module reports the error
        return
    imported_files()
    gc.freeze()
