"""Accelerate: `attach("name", accelerator, model=…, …)`, and loops over prepared loaders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accelerate import Accelerator
from accelerate.data_loader import DataLoaderShard
from accelerate.scheduler import AcceleratedScheduler
from accelerate.utils import send_to_device

from babysit.attached import start
from babysit.attached.frameworks.turns import StateOf, say_approximate, untested
from babysit.attached.run import Run
from babysit.attached.state.data_order import LoaderSource, ordered_source
from babysit.attached.state.streams import Source

TESTED = ("1.15",)


class PreparedSource(LoaderSource):
    """A loader that Accelerate prepared. It learns from its loaders when an epoch ends, and steps
    the optimizer then, even if fewer batches were accumulated.
    """

    def __init__(self, loader: Any, seed: int, epoch: int) -> None:
        loader.set_epoch(epoch)
        super().__init__(loader.base_dataloader, seed, epoch)
        self._prepared = loader

    def begin(self, index: int) -> Iterator[Any]:
        return self._run(super().begin(index), index)

    def _run(self, batches: Iterator[Any], index: int) -> Iterator[Any]:
        loader, length = self._prepared, self.length
        loader.begin()
        try:
            for number, batch in enumerate(batches, index + 1):
                loader.end_of_dataloader = number == length
                if loader.device is None:
                    yield batch
                    continue
                yield send_to_device(batch, loader.device, non_blocking=loader._non_blocking)
        finally:
            loader.end()


def prepared_source(loader: Any, seed: int, epoch: int) -> Source | None:
    """As `ordered_source`, for prepared loaders too."""
    if not isinstance(loader, DataLoaderShard):
        return ordered_source(loader, seed, epoch)
    is_ordered = ordered_source(loader.base_dataloader, seed, epoch) is not None
    return PreparedSource(loader, seed, epoch) if is_ordered and not loader.skip_batches else None


class AcceleratedRun(Run):
    """A run whose `batches` knows the loaders of `accelerator.prepare`."""

    _ordered_source = staticmethod(prepared_source)


def attach(name: str, accelerator: Accelerator, /, **parts: Any) -> Run:
    """As `babysit.attach`, for a script of Accelerate's: the parts may be prepared ones."""
    own = {label: _bare(part) for label, part in parts.items()}
    recording = start.attach(name, **own, accelerator=accelerator_state(accelerator))._recording
    if accelerator.scaler is not None:
        recording.add_parts({"scaler": accelerator.scaler})
    say_approximate(recording, untested("accelerate", TESTED))
    start.script.run = AcceleratedRun(recording)
    return start.script.run


def _bare(part: Any) -> Any:
    """Schedulers without their wrappers, which have no state of their own."""
    if isinstance(part, (list, tuple)):
        return [_bare(item) for item in part]
    if isinstance(part, dict):
        return {label: _bare(item) for label, item in part.items()}
    return part.scheduler if isinstance(part, AcceleratedScheduler) else part


def accelerator_state(accelerator: Accelerator) -> StateOf:
    """Where the accumulation of gradients is."""
    gradients = accelerator.gradient_state

    def put(state: Any) -> None:
        accelerator.step = int(state["step"])
        gradients._set_sync_gradients(bool(state["sync_gradients"]))

    return StateOf(
        lambda: {"step": accelerator.step, "sync_gradients": gradients.sync_gradients}, put
    )
