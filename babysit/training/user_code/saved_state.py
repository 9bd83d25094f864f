"""The task's own state in a checkpoint: what goes into it, and how it is put back."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import Tensor, nn

from babysit.task import Data, Examples, Task
from babysit.training.checkpoint import Snapshot, other_values
from babysit.training.copies import copied
from babysit.training.task_loader import imported_below
from babysit.training.user_code.encoding import Encoder, NotEncodable, decode
from babysit.training.user_code.namespaces import is_of_network
from babysit.training.user_code.user_state import UserState

LOST_NAMES_MAX = 10  # in one message


@dataclass(frozen=True, slots=True)
class SavedState:
    """JSON for the state of a checkpoint, mostly empty, and the tensors that belong to it."""

    body: dict[str, Any]
    tensors: dict[str, Tensor]
    lost: list[str]


def user_state_of(
    task: Task, data: Data, network: nn.Module, earlier: UserState | None
) -> UserState:
    """What is looked into: the network, the data sets, the task's functions and files."""
    functions = {
        "task.load": task.load,
        "task.build": task.build,
        "task.cost": task.cost,
        "task.augment": task.augment,
        "task.metrics": dict(task.metrics),
    }
    tensors: list[Any] = []
    others: dict[str, Any] = {name: item for name, item in functions.items() if item is not None}
    for name, examples in (("train", data.train), ("val", data.val)):
        if isinstance(examples, Examples):
            tensors += [examples.x, examples.y]
        else:
            others[f"data.{name}"] = examples
    return UserState(network, others, _modules_of(task), tensors, earlier)


def _modules_of(task: Task) -> list[ModuleType]:
    """The task's file, and what it imported from its own folder."""
    names = {getattr(item, "__module__", "") for item in (task.load, task.build, task.cost)}
    names = {name for name in names if name and name.split(".")[0] != "babysit"}
    found = {name: sys.modules[name] for name in sorted(names) if name in sys.modules}
    for module in list(found.values()):
        if file := getattr(module, "__file__", None):
            found |= {item.__name__: item for item in imported_below(Path(file).resolve().parent)}
    return list(found.values())


def save(
    user_state: UserState, network: nn.Module, dropout: list[str], *, whole: bool
) -> SavedState:
    """whole: also what is as it was built, to put it back in place."""
    ignored = {f"network.{name}::p" if name else "network::p" for name in dropout}
    found = user_state.capture(ignored=ignored, whole=whole)
    encoder, extra = Encoder(), {}
    for name, value in other_values(network).items():
        path = f"network.<state_dict>::{name}"
        try:
            extra[name] = encoder.encode(value, path)
        except NotEncodable:
            found.lost.append(path)
    own = {path: body for path, body in found.values.items() if is_of_network(path)}
    others = {path: body for path, body in found.values.items() if path not in own}
    body: dict[str, Any] = {}
    if own or extra:
        body["extra"] = {"values": own, "state_dict": extra}
    if others:
        body["task_state"] = others
    return SavedState(body, copied({**found.tensors, **encoder.tensors}), found.lost)


def extra_of_state_dict(snapshot: Snapshot, device: str) -> dict[str, Any]:
    """What of the network's `state_dict` is no dense tensor."""
    held = snapshot.state.get("extra", {}).get("state_dict", {})
    return {name: decode(body, snapshot.extra, device) for name, body in held.items()}


def load(
    user_state: UserState, snapshot: Snapshot, device: str, *, only_files: bool = False
) -> list[str]:
    """Put everything back but the `state_dict`; returns what should be said.

    only_files: the network has another form now, so what is in it stays new.
    """
    held = snapshot.state.get("extra", {}).get("values", {})
    values = dict(snapshot.state.get("task_state", {})) | ({} if only_files else held)
    missing = user_state.restore(values, snapshot.extra, device)
    return [] if not missing else [f"{_named(missing)} in the checkpoint has no place any more."]


def lost_message(lost: list[str]) -> str:
    """What to say of state that no checkpoint holds."""
    return (
        f"{_named(lost)} changes during the training and is in no checkpoint: "
        f"a fork, a rewind or a resumed run may differ."
    )


def _named(paths: list[str]) -> str:
    names = [path.replace("::", ".") for path in paths[:LOST_NAMES_MAX]]
    more = len(paths) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
