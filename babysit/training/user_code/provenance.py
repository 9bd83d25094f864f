"""What decides a result besides the seed and the values: code, data, libraries, settings.

It stands in every checkpoint and is compared wherever a training goes on or is repeated.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import torch

from babysit.task import Data, Task
from babysit.training.data import data_sha256
from babysit.training.task_loader import built_sha256

NAMES = {
    "threads": "thread count",
    "device": "device",
    "versions": "library versions",
    "code_sha256": "task's code",
    "data_sha256": "data",
    "val_sha256": "validation data",
    "settings": "PyTorch settings",
}


def versions() -> dict[str, str]:
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
    }


def settings() -> dict[str, Any]:
    """The global settings of PyTorch that a task may change and that results depend on."""
    return {
        "default_dtype": str(torch.get_default_dtype()),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "flush_denormal": _flushes_denormals(),
        "cudnn_deterministic": torch.backends.cudnn.deterministic,
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
        "cudnn_allow_tf32": torch.backends.cudnn.allow_tf32,
    }


def _flushes_denormals() -> bool:
    smallest = torch.tensor(1e-310, dtype=torch.float64, device="cpu")
    return bool(smallest * 1.0 == 0.0)


def made_with(name: str, task: Task, data: Data, device: str, loaded_sha256: str) -> dict[str, Any]:
    """Everything that is compared, as JSON; taken when the network is built.

    loaded_sha256: of the code right after the task's file was loaded. `load` and `build` may have
        imported more from its folder; then the hash is another one, and this one stays beside it.
    """
    code = built_sha256(task, loaded_sha256)
    return {
        "task": name,
        "device": device,
        "threads": torch.get_num_threads(),
        "versions": versions(),
        "code_sha256": code,
        **({} if code == loaded_sha256 else {"loaded_code_sha256": loaded_sha256}),
        "data_sha256": data_sha256(data.train),
        "val_sha256": data_sha256(data.val),
        "settings": settings(),
    }


def differences(then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """In words, what is not as it was. What an older version did not record is not compared.

    now: `loaded_code_sha256` in it is what an older version recorded as `code_sha256`: the code
        without the modules that `load` and `build` import.
    """
    found = []
    for key, word in NAMES.items():
        if key in then and then[key] is not None and then[key] != now[key]:
            if key == "code_sha256" and then[key] == now.get("loaded_code_sha256"):
                continue
            if key == "settings":
                found += _settings_that_differ(then[key], now[key])
            else:
                found.append(word)
    return found


def _settings_that_differ(then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """In words, with their names; an older version recorded fewer."""
    names = [name for name, setting in then.items() if setting != now.get(name)]
    return [f"{NAMES['settings']} ({', '.join(names)})"] if names else []
