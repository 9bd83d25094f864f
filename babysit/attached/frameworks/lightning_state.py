"""What a Lightning trainer carries from batch to batch beside networks and optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn


class LoopState:
    """Where the loops of `Trainer.fit` are, and the means over the epoch that they gather.

    The loops are in the middle of fetching a batch when this is taken, and when it is put back.
    """

    def __init__(self, trainer: Any) -> None:
        self._trainer = trainer
        self.is_over = False  # the last epoch has ended
        self._means: dict[str, Any] = {}  # of this epoch, for keys that are logged again later

    def take(self) -> dict[str, Any]:
        fit_loop, connector = self._trainer.fit_loop, self._trainer._logger_connector
        loops = {
            key: item
            for key, item in fit_loop.state_dict().items()
            if key != "state_dict"  # of loaders that keep a state: theirs are not asked
        }
        return {
            "loops": loops,
            "fetched": fit_loop._data_fetcher.fetched if fit_loop._data_fetcher else 0,
            "is_over": self.is_over,
            "first_batch": connector._first_loop_iter,
            "hook": connector._current_fx,
            "metrics": dict(connector._callback_metrics),
            "means": {**self._means, **self._gathered()},
        }

    def put(self, state: Mapping[str, Any]) -> None:
        fit_loop, connector = self._trainer.fit_loop, self._trainer._logger_connector
        fit_loop.load_state_dict(dict(state["loops"]))
        _go_on(fit_loop)
        if state["is_over"]:  # the end of the epoch comes once more
            for tracker in (fit_loop.epoch_progress.total, fit_loop.epoch_progress.current):
                tracker.processed -= 1
                tracker.completed -= 1
        fit_loop._data_fetcher.fetched = int(state["fetched"])
        connector._first_loop_iter, connector._current_fx = state["first_batch"], state["hook"]
        connector._callback_metrics.update(state["metrics"])
        self._means = dict(state["means"])

    def begin_epoch(self) -> None:
        self._means.clear()

    def merge(self) -> None:
        """Add what was gathered before the checkpoint to the means that are there again."""
        if not self._means:
            return
        results = self._trainer.fit_loop.epoch_loop._results
        for key in [key for key in self._means if key in results]:
            held, now = self._means.pop(key), results[key]
            if now.meta.is_max_reduction or now.meta.is_min_reduction:
                now.value = now.meta.reduce_fx(held["value"], now.value)
            else:
                now.value = held["value"] + now.value
                if now.meta.is_mean_reduction:
                    now.cumulated_batch_size = held["count"] + now.cumulated_batch_size

    def _gathered(self) -> dict[str, Any]:
        results = self._trainer.fit_loop.epoch_loop._results
        return {
            key: {"value": item.value, "count": getattr(item, "cumulated_batch_size", 0)}
            for key, item in results.items()
            if item.is_tensor and item.meta.on_epoch and not item.has_reset
        }


def _go_on(loop: Any) -> None:
    """The loops are not told of a restart: they are where they were."""
    loop._restarting = loop._loaded_from_state_dict = loop._resuming_from_checkpoint = False
    for name in ("epoch_loop", "val_loop", "automatic_optimization", "manual_optimization"):
        inner = getattr(loop, name, None)
        if inner is not None:
            _go_on(inner)


class MetricStates:
    """The metrics of a module: what they have gathered is in no `state_dict`."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module

    def take(self) -> dict[str, Any]:
        return {
            name: {
                "states": {key: getattr(item, key) for key in item._defaults},
                "updates": item._update_count,
            }
            for name, item in self._metrics().items()
        }

    def put(self, state: Mapping[str, Any]) -> None:
        metrics = self._metrics()
        for name in state.keys() & metrics.keys():
            for key, value in state[name]["states"].items():
                setattr(metrics[name], key, value)
            metrics[name]._update_count = int(state[name]["updates"])
            metrics[name]._computed = None

    def _metrics(self) -> dict[str, Any]:
        modules = self._module.named_modules()
        return {name: item for name, item in modules if hasattr(item, "_defaults")}
