"""What a Hugging Face Trainer carries from update to update beside networks and optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Of the trainer's own state: what follows from its arguments and its machine.
NOT_KEPT = frozenset(
    {
        "is_local_process_zero",
        "is_world_process_zero",
        "is_hyper_param_search",
        "stateful_callbacks",
        "max_steps",
        "num_train_epochs",
        "trial_name",
        "trial_params",
    }
)


class TrainerProgress:
    """Counters, sums between two logs, the best metric, and the states of callbacks."""

    def __init__(self, trainer: Any) -> None:
        self._trainer = trainer

    def take(self) -> dict[str, Any]:
        trainer = self._trainer
        state = {key: item for key, item in vars(trainer.state).items() if key not in NOT_KEPT}
        return {
            "state": state,
            "control": dict(vars(trainer.control)),
            "loss": trainer._tr_loss,
            "total_loss": trainer._total_loss_scalar,
            "last_logged": trainer._globalstep_last_logged,
            "flos": trainer.current_flos,
            "callbacks": [item.state()["attributes"] for item in self._callbacks()],
        }

    def put(self, state: Mapping[str, Any]) -> None:
        trainer = self._trainer
        vars(trainer.state).update(state["state"])
        vars(trainer.control).update(state["control"])
        trainer._tr_loss.copy_(state["loss"])
        trainer._total_loss_scalar = state["total_loss"]
        trainer._globalstep_last_logged = state["last_logged"]
        trainer.current_flos = state["flos"]
        for item, attributes in zip(self._callbacks(), state["callbacks"], strict=False):
            for name, value in attributes.items():
                setattr(item, name, value)

    def _callbacks(self) -> list[Any]:
        return [item for item in self._trainer.callback_handler.callbacks if hasattr(item, "state")]
