"""Plain Python attributes of a network that its training changes, such as a temperature or a count.

Only what differs from how the script built it is kept: a fork may build it with other arguments.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from babysit.training.user_code.encoding import Encoder, NotEncodable, decode, put_in_place

OF_TORCH = frozenset(vars(nn.Module()))
BYTES_MAX = 1 << 20  # of the arrays in one attribute; larger ones are data
IMMUTABLE = (bool, int, float, str, type(None))


class PlainValues:
    """The attributes of a network and of the networks in it."""

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self._as_built: dict[str, Any] | None = None  # path -> what tells whether it has changed

    def capture(self, prefix: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
        """Path -> JSON of what has changed; its tensors go to `tensors`, named after the prefix."""
        found: dict[str, Any] = {}
        for path, value, body, own in self._encoded(prefix):
            if self._as_built is not None and self._as_built.get(path) != _mark(value, body, own):
                found[path] = body
                tensors |= own
        if self._as_built is None:
            self._note_built()
        return found

    def restore(self, held: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        """Put back what `capture` gave."""
        if self._as_built is None:
            self._note_built()
        modules = dict(self._network.named_modules())
        for path, body in held.items():
            name, _, key = path.rpartition(".")
            if name in modules:
                own = modules[name].__dict__
                value = decode(body, tensors, "cuda")
                if not put_in_place(own.get(key), value):
                    own[key] = value

    @contextlib.contextmanager
    def unchanged(self) -> Iterator[None]:
        """What is changed inside is afterwards as it was."""
        before: dict[str, tuple[Any, Any]] = {}  # path -> JSON, mark
        tensors: dict[str, Tensor] = {}
        for path, value, body, own in self._encoded(""):
            before[path] = body, _mark(value, body, own)
            tensors |= {name: item.clone() for name, item in own.items()}
        try:
            yield
        finally:
            now = {path: _mark(value, body, own) for path, value, body, own in self._encoded("")}
            changed = {path: body for path, (body, mark) in before.items() if now.get(path) != mark}
            self.restore(changed, tensors)

    def _note_built(self) -> None:
        self._as_built = {
            path: _mark(value, body, own) for path, value, body, own in self._encoded("")
        }

    def _encoded(self, prefix: str) -> Iterator[tuple[str, Any, Any, dict[str, Tensor]]]:
        """Path, value, JSON and tensors of each attribute that can be kept."""
        held = [*self._network.parameters(), *self._network.buffers()]
        known = frozenset(map(id, held))
        memory = {item.untyped_storage().data_ptr() for item in held if _is_plain(item)}
        for name, module in self._network.named_modules():
            for key, value in vars(module).items():
                if key in OF_TORCH or (isinstance(value, Tensor) and value.grad_fn is not None):
                    continue
                path = f"{name}.{key}"
                encoder = Encoder(known)
                try:
                    body = encoder.encode(value, f"{prefix}/{path}")
                except NotEncodable:
                    continue
                own = encoder.tensors
                is_data = sum(item.nbytes for item in own.values()) > BYTES_MAX
                is_shared = any(t.untyped_storage().data_ptr() in memory for t in own.values())
                if not is_data and not is_shared:
                    yield path, value, body, own


def _is_plain(value: Tensor) -> bool:
    with contextlib.suppress(Exception):
        return value.layout is torch.strided and value.device.type != "meta" and value.nbytes > 0
    return False


def _mark(value: Any, body: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, IMMUTABLE):
        return json.dumps(body)
    digest = hashlib.sha256(json.dumps([value is None, _unnamed(body)]).encode())
    for item in tensors.values():
        flat = item.detach().cpu().contiguous().flatten()
        digest.update(flat.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _unnamed(body: Any) -> Any:
    """JSON without the names of tensors, which say only where they lie."""
    if isinstance(body, dict):
        return {k: _unnamed(v) for k, v in body.items() if k not in ("tensor", "array")}
    return [_unnamed(item) for item in body] if isinstance(body, list) else body
