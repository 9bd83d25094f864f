"""Hugging Face: `class MyTrainer(BabysitTrainerMixin, Trainer)` is exact; the callback alone,
`Trainer(callbacks=[BabysitCallback("name")])`, cannot continue the order of the data.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import transformers.trainer
from transformers import TrainerCallback

from babysit.accelerate import prepared_source
from babysit.attached import start
from babysit.attached.frameworks.series import by_series
from babysit.attached.frameworks.transformers_state import TrainerProgress
from babysit.attached.frameworks.turns import (
    FrameworkTurns,
    StateOf,
    WindowSource,
    say_approximate,
    untested,
)
from babysit.attached.run import Run
from babysit.attached.safety import never_raises
from babysit.attached.state.data_order import CountSource, source_of

TESTED = ("5.24",)
ALONE = (
    "Approximate, because a callback cannot continue the order of the data: "
    "derive your trainer from babysit.transformers.BabysitTrainerMixin and Trainer."
)


FIXED_LENGTH = (
    "A Trainer fixes the number of its updates when it begins: start it with more epochs."
)


class BabysitCallback(TrainerCallback):  # type: ignore[misc]
    """Records and steers a Trainer; each update is a turn. Without the mixin, a run that is
    continued reads its data in another order.
    """

    def __init__(self, name: str = "") -> None:
        self.run: Run | None = None
        self._name = name
        self._turns: FrameworkTurns | None = None

    def give_up(self, error: BaseException) -> None:
        """Record nothing more, and let the training go on."""
        if self.run is not None:
            self.run._recording.give_up(error)

    @never_raises
    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        self.run = start.attach(self._name)
        self.run.attach(
            model=given["model"],
            optimizer=given["optimizer"],
            scheduler=given["lr_scheduler"],
            trainer=StateOf(
                lambda: {"global_step": state.global_step},
                lambda saved: setattr(state, "global_step", saved["global_step"]),
            ),
        )
        recording = self.run._recording
        self._turns = FrameworkTurns(recording, given["model"])
        say_approximate(recording, [ALONE])
        if recording.session is not None:
            recording.session.fixed_length = FIXED_LENGTH
        self._turns.begin(lambda seed, epoch: CountSource(state.max_steps), 0, 1)
        self._stop_or_go_on(control)

    @never_raises
    def on_step_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        if self._turns is not None:
            self._turns.recording.flush()
            self._turns.begin_turn()

    @never_raises
    def on_step_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        if self._turns is not None:
            self._turns.close()
            self._stop_or_go_on(control)

    def _stop_or_go_on(self, control: Any) -> None:
        assert self._turns is not None
        if not self._turns.boundary():
            control.should_training_stop = True

    @never_raises
    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **given: Any) -> None:
        if self.run is not None:
            self.run.log(_logged(logs or {}))


class _MixinCallback(BabysitCallback):
    """The hooks of a trainer with the mixin; those of the callback alone, if Trainer has changed
    so much that the mixin was not called.
    """

    def __init__(self, trainer: Any) -> None:
        super().__init__(trainer.babysit_name)
        self._trainer = trainer

    @never_raises
    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        trainer = self._trainer
        if trainer._babysit_turns is None:
            super().on_train_begin(args, state, control, **given)
            return
        progress = TrainerProgress(trainer)
        self.run = trainer.babysit_run
        self.run.attach(
            model=trainer.model,
            optimizer=trainer.optimizer,
            scheduler=trainer.lr_scheduler,
            scaler=trainer.accelerator.scaler,
            trainer=StateOf(progress.take, progress.put),
        )
        reasons = [*untested("transformers", TESTED)]
        say_approximate(self.run._recording, reasons)

    @never_raises
    def on_train_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        if self._trainer._babysit_turns is not None:
            self._trainer._babysit_turns.close()

    @never_raises
    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **given: Any) -> None:
        values = dict(logs or {})
        if self._trainer._babysit_turns is not None:
            values.pop("loss", None)  # a mean since the last log: that of each update is recorded
        super().on_log(args, state, control, values, **given)


class BabysitTrainerMixin:
    """Records and steers a Trainer, and continues it to the last bit; each update is a turn.

    babysit_name: of the run. babysit_run: the run, once `train` has begun.
    """

    babysit_name = ""
    babysit_run: Run | None = None
    _babysit_turns: FrameworkTurns | None = None
    _babysit_loss: Any = 0.0  # of the update in progress

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.add_callback(_MixinCallback(self))  # type: ignore[attr-defined]

    def _init_training_state(self, *args: Any, **named: Any) -> tuple[int, int]:
        """The epoch to begin with, and what to skip of it."""
        begun: tuple[int, int] = super()._init_training_state(*args, **named)  # type: ignore[misc]
        self.babysit_run = start.attach(self.babysit_name)
        recording = self.babysit_run._recording
        self._babysit_turns = FrameworkTurns(recording, self)
        if recording.session is not None:
            recording.session.fixed_length = FIXED_LENGTH
        first = self._babysit_turns.first_epoch(self.state.num_train_epochs)  # type: ignore[attr-defined]
        return begun if recording.is_new or first is None else (first, 0)

    def _run_epoch(self, **given: Any) -> None:
        """One epoch, begun with the update that is to be made."""
        turns = self._babysit_turns
        if turns is None:
            super()._run_epoch(**given)  # type: ignore[misc]
            return
        size = int(self.args.gradient_accumulation_steps)  # type: ignore[attr-defined]
        batches = _Batches(self, turns, given["train_dataloader"], given["epoch"], size)
        given["train_dataloader"] = batches
        done = batches.updates_done()
        if not done:
            super()._run_epoch(**given)  # type: ignore[misc]
            return
        if done >= given["num_update_steps_per_epoch"]:  # nothing will be fetched
            batches.begin()
        given |= {
            "resume_from_checkpoint": "babysit",  # never read: the loader is where it has to be
            "epochs_trained": given["epoch"],
            "steps_trained_in_current_epoch": done * size,
        }
        with _nothing_skipped():
            super()._run_epoch(**given)  # type: ignore[misc]

    def _load_rng_state(self, checkpoint: Any) -> None:
        if checkpoint != "babysit":  # they were put back with the rest
            super()._load_rng_state(checkpoint)  # type: ignore[misc]

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: Any) -> Any:
        """The batches of one update: here is the point between two turns."""
        if isinstance(epoch_iterator, _Batches) and not epoch_iterator.next_turn():
            self.control.should_training_stop = True  # type: ignore[attr-defined]
            return [], None
        self._babysit_loss = 0.0
        return super().get_batch_samples(epoch_iterator, num_batches, device)  # type: ignore[misc]

    def training_step(self, *args: Any, **named: Any) -> Any:
        """As the Trainer's; the losses of an update's batches add up to that of the update."""
        loss = super().training_step(*args, **named)  # type: ignore[misc]
        if self.babysit_run is not None:
            self._babysit_loss = self._babysit_loss + loss.detach()
            self.babysit_run.log(loss=self._babysit_loss)
        return loss


class _Batches:
    """The batches of one epoch; nothing is fetched before the first update asks for it."""

    def __init__(
        self, trainer: Any, turns: FrameworkTurns, loader: Any, epoch: int, size: int
    ) -> None:
        self._turns, self._loader, self._epoch, self._size = turns, loader, epoch, size
        self._epochs = int(trainer.state.num_train_epochs)
        self._iterator: Iterator[Any] | None = None

    def updates_done(self) -> int:
        """Of this epoch, in the checkpoint that is still to be put back."""
        target = self._turns.recording.training.places.target
        return target.index if target is not None and target.epoch == self._epoch else 0

    def begin(self) -> None:
        self._iterator = self._turns.begin(
            lambda seed, epoch: WindowSource(
                source_of(self._loader, seed, epoch, ordered=prepared_source), self._size
            ),
            self._epoch,
            self._epochs,
        )

    def next_turn(self) -> bool:
        if self._iterator is None:
            self.begin()
        if self._iterator is None or not self._turns.boundary():
            return False
        self._turns.begin_turn()
        return True

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._iterator is None:
            raise StopIteration
        return next(self._iterator)


@contextlib.contextmanager
def _nothing_skipped() -> Iterator[None]:
    """Trainer takes what was done of an epoch from its loader: ours begins behind it already."""
    skip = transformers.trainer.skip_first_batches
    transformers.trainer.skip_first_batches = lambda loader, count: loader
    try:
        yield
    finally:
        transformers.trainer.skip_first_batches = skip


def _logged(logs: dict[str, Any]) -> dict[str, Any]:
    """Without the summary of the whole training, such as `train_loss`."""
    return by_series({name: item for name, item in logs.items() if not name.startswith("train_")})
