"""Lightning: `Trainer(callbacks=[BabysitCallback("name")])`, and `attach` for Fabric."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import lightning.pytorch as pl
from lightning.fabric.utilities.apply_func import move_data_to_device
from torch import Tensor

from babysit.attached import start
from babysit.attached.frameworks.lightning_state import LoopState, MetricStates
from babysit.attached.frameworks.series import series_name
from babysit.attached.frameworks.turns import (
    FrameworkTurns,
    StateOf,
    say_approximate,
    untested,
)
from babysit.attached.run import Run
from babysit.attached.safety import never_raises
from babysit.attached.state.data_order import LoaderSource, ordered_source, source_of
from babysit.attached.state.streams import Source

TESTED = ("2.6",)
LOSS = "train/loss"  # of each batch


class BabysitCallback(pl.Callback):  # type: ignore[misc]
    """Records and steers `Trainer.fit`; each batch is a turn.

    run: the run, once `fit` has begun.
    """

    def __init__(self, name: str = "") -> None:
        self.run: Run | None = None
        self._name = name
        self._turns: FrameworkTurns | None = None
        self._loops: LoopState | None = None

    # -- Lightning's hooks, in the order of a training

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        if stage != "fit":
            return
        if self.run is None:
            self.run = start.attach(self._name)
        self._turns = turns = FrameworkTurns(self.run._recording, pl_module)
        self._loops = loops = LoopState(trainer)
        process = trainer.strategy.process_dataloader

        def with_turns(loader: Any) -> Any:
            loader = process(loader)
            return TurnsLoader(trainer, turns, loops, loader) if trainer.training else loader

        trainer.strategy.process_dataloader = with_turns

    def give_up(self, error: BaseException) -> None:
        """Record nothing more, and let the training go on."""
        if self.run is not None:
            self.run._recording.give_up(error)

    @never_raises
    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        assert self.run is not None
        assert self._turns is not None
        self.run.attach(**self._parts(trainer, pl_module))
        recording, count = self._turns.recording, _count(trainer.fit_loop.max_epochs)
        reasons = untested("lightning", TESTED)
        if len(trainer.fit_loop._combined_loader.flattened) > 1:
            reasons.append("Approximate, because the trainer reads several loaders at once.")
        if trainer.fit_loop._data_fetcher.length is None:
            reasons.append("Approximate, because Lightning fetches ahead: no length is known.")
        say_approximate(recording, reasons)
        first = self._turns.first_epoch(count)
        if first is None:  # the checkpoint is of a later call of `fit`
            trainer.should_stop = True
        elif first:
            if first >= count:  # it was extended
                trainer.fit_loop.max_epochs = first + 1
            progress = trainer.fit_loop.epoch_progress.current
            progress.processed = progress.completed = first

    def _parts(self, trainer: Any, module: Any) -> dict[str, Any]:
        assert self._loops is not None
        optimizers = list(trainer.optimizers)
        schedulers = [item.scheduler for item in trainer.lr_scheduler_configs]
        parts: dict[str, Any] = {
            "model": module,
            "optimizer": optimizers[0] if len(optimizers) == 1 else optimizers,
            "scheduler": schedulers[0] if len(schedulers) == 1 else schedulers,
            "loops": StateOf(self._loops.take, self._loops.put),
        }
        metrics = MetricStates(module)
        if metrics.take():
            parts["metrics"] = StateOf(metrics.take, metrics.put)
        others = [item for item in trainer.callbacks if item is not self]
        for item in [trainer.precision_plugin, trainer.datamodule, *others]:
            if item is not None and item.state_dict():
                parts[type(item).__name__] = StateOf(item.state_dict, item.load_state_dict)
        return parts

    @never_raises
    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        assert self._loops is not None
        self._loops.begin_epoch()

    @never_raises
    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert self.run is not None
        values = _logged(trainer.fit_loop.epoch_loop, on_step=True)
        loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        if isinstance(loss, Tensor) and loss.numel() == 1:
            said = loss.detach() * trainer.accumulate_grad_batches
            values = {LOSS: said, **values}
        self.run.log(values)

    @never_raises
    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        if self._loops is not None:
            self._loops.merge()

    @never_raises
    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        if self.run is not None and not trainer.sanity_checking:
            self.run.log(_logged(trainer.fit_loop.epoch_loop.val_loop, on_step=False))

    @never_raises
    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        assert self.run is not None
        assert self._loops is not None
        self._loops.merge()
        self.run.log(_logged(trainer.fit_loop.epoch_loop, on_step=False))
        if self.run._recording.epochs_end(0):  # it was extended
            trainer.fit_loop.max_epochs = max(
                trainer.fit_loop.max_epochs, trainer.current_epoch + 2
            )

    @never_raises
    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        assert self._turns is not None
        assert self._loops is not None
        self._loops.is_over = not self._turns.recording.is_ending
        self._turns.close()
        self._turns.recording.end_epochs()


class TurnsLoader:
    """The loader of a trainer; each batch that is fetched from it is a turn."""

    def __init__(self, trainer: Any, turns: FrameworkTurns, loops: LoopState, loader: Any) -> None:
        self._trainer, self._turns, self._loops, self._loader = trainer, turns, loops, loader

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_loader":
            raise AttributeError(name)
        return getattr(self._loader, name)

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self) -> Iterator[Any]:
        """Nothing is done before the first batch is asked for: it is called before the training."""
        fit_loop, turns = self._trainer.fit_loop, self._turns
        if fit_loop._combined_loader.flattened[0] is not self:  # read beside the first one
            yield from self._loader
            return
        epoch = fit_loop.epoch_progress.current.processed
        iterator = turns.begin(
            lambda seed, number: source_of(self._loader, seed, number),
            epoch,
            _count(fit_loop.max_epochs),
        )
        while iterator is not None and turns.boundary():
            try:
                item = next(iterator)
            except StopIteration:
                return
            turns.begin_turn()
            yield item
            self._loops.merge()
        self._stop()

    def _stop(self) -> None:
        """As Lightning stops by itself: after a validation, which callbacks may rely on."""
        trainer = self._trainer
        fit_loop = trainer.fit_loop
        fit_loop.min_epochs = fit_loop.epoch_loop.min_steps = None
        trainer.should_stop = True
        if fit_loop.epoch_loop._should_check_val_epoch():
            trainer.validating = True
            fit_loop.epoch_loop.val_loop.run()
            trainer.training = True


def _logged(loop: Any, *, on_step: bool) -> dict[str, Tensor]:
    """What was logged in a loop: for this batch, or over the epoch. A metric of both is `loss` for
    the batch and `loss_epoch` for the epoch.
    """
    found = loop._results.metrics(on_step)["callback"]
    values = {}
    for name, value in found.items():
        if on_step and name.endswith("_step") and name.removesuffix("_step") in found:
            continue
        if not on_step and f"{name}_epoch" in found:
            continue
        series = series_name(name)
        values["train/loss_epoch" if series == LOSS and not on_step else series] = value
    return values


def _count(max_epochs: int | None) -> int:
    return max_epochs if max_epochs is not None and max_epochs >= 0 else 1


# -- Fabric


class FabricRun(Run):
    """A run whose `batches` knows the loaders of `fabric.setup_dataloaders`."""

    @staticmethod
    def _ordered_source(loader: Any, seed: int, epoch: int) -> Source | None:
        inner = getattr(loader, "_dataloader", None)
        source = ordered_source(loader if inner is None else inner, seed, epoch)
        if inner is None or source is None:
            return source
        return _OnDevice(inner, seed, epoch, loader.device)


class _OnDevice(LoaderSource):
    """Batches that Fabric moves to its device."""

    def __init__(self, loader: Any, seed: int, epoch: int, device: Any) -> None:
        super().__init__(loader, seed, epoch)
        self._device = device

    def begin(self, index: int) -> Iterator[Any]:
        batches = super().begin(index)
        return batches if self._device is None else self._moved(batches)

    def _moved(self, batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            yield move_data_to_device(batch, self._device)


def attach(name: str = "", /, **parts: Any) -> Run:
    """As `babysit.attach`, for a script of Fabric's: the parts may be those of `fabric.setup`."""
    run = FabricRun(start.attach(name, **parts)._recording)
    say_approximate(run._recording, untested("lightning", TESTED))
    start.script.run = run
    return run
