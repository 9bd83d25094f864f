"""Everything a training consists of: built from the start, or put back from a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from babysit.protocol.commands import Set
from babysit.protocol.spec.run_spec import RunSpec
from babysit.protocol.validation import check_fork, check_start
from babysit.protocol.values import Values
from babysit.storage.manifest import FORMAT
from babysit.task import Data, Task
from babysit.training.best import Best
from babysit.training.checkpoint import (
    Snapshot,
    fit,
    is_dense,
    model_tensors,
    random_tensors,
    restore_random,
)
from babysit.training.controls import Controls, TrainingParts, apply_change
from babysit.training.copies import Copies, KeptMemory
from babysit.training.data import Batches, Position, stream_seed
from babysit.training.guards.divergence import DivergenceGuard
from babysit.training.optimizer import (
    build_optimizer,
    load_state_tensors,
    read_back,
    state_tensors,
    write,
)
from babysit.training.schedule import SCHEDULE_KEYS, Schedule, ease_in
from babysit.training.seeding import seed_generators
from babysit.training.task_loader import build_network, load_data
from babysit.training.user_code.dropout import dropout_modules, steer_dropout
from babysit.training.user_code.provenance import differences, made_with
from babysit.training.user_code.saved_state import (
    extra_of_state_dict,
    load,
    save,
    user_state_of,
)
from babysit.training.user_code.user_state import UserState


@dataclass(slots=True)
class Training:
    """One network being trained. All that must survive a restart is in `snapshot`.

    step: updates done. steps: the run ends after so many.
    """

    task: Task
    data: Data
    network: nn.Module
    optimizer: Optimizer
    controls: Controls
    batches: Batches
    seed: int
    step: int
    steps: int
    device: str
    made_with: dict[str, Any]
    user_state: UserState
    differs: bool = False  # from the training that the checkpoint is of, in code, data or machine
    lost_state: list[str] = field(default_factory=list)  # in no checkpoint: see `saved_state`
    dropout: list[str] = field(default_factory=list)  # names of modules: see `TrainingParts`
    parameter_names: list[str] = field(default_factory=list)  # in the optimizer's order
    divergence: DivergenceGuard = field(default_factory=DivergenceGuard)
    best: Best = field(default_factory=Best)
    last_command_id: int = 0
    parent_command_id: int = 0  # of a fork: the last one of its parent that the checkpoint holds
    warnings: list[str] = field(default_factory=list)  # to be said when the run begins

    @property
    def parts(self) -> TrainingParts:
        return TrainingParts(self.network, self.optimizer, self.batches, self.dropout)

    def snapshot(self, memory: KeptMemory | None = None, *, whole: bool = False) -> Snapshot:
        """A copy of the state between two steps.

        memory: for its tensors; None: new.
        whole: with all of the task's own state, also what is as `build` gave it.
        """
        copies, own = Copies(memory), save(self.user_state, self.network, self.dropout, whole=whole)
        self.lost_state = own.lost
        return Snapshot(
            extra=own.tensors,
            model=copies.of(model_tensors(self.network)),
            optimizer=copies.of(state_tensors(self.optimizer, self.parameter_names)),
            random=random_tensors(),
            copies=copies,
            state={
                **self._partly_steered(),
                **own.body,
                "format": FORMAT,
                "step": self.step,
                "steps": self.steps,
                "seed": self.seed,
                "position": self.batches.position.to_json(),
                **self.controls.to_json(),
                # What the last update used: a ramp of beta rescales the moments from here.
                "optimizer_values": read_back(self.optimizer),
                "last_command_id": self.last_command_id,
                "best": self.best.to_json(),
                "divergence": self.divergence.to_json(),
                "made_with": self.made_with,
            },
        )

    def warn_of_differences(self, then: dict[str, Any], where: str) -> None:
        """Say what keeps this training from being exact to the last bit.

        then, where: what was so there.
        """
        found = differences(then, self.made_with)
        if found:
            self.differs = True
            self.warnings.append(
                f"Not exact to the last bit: another {', '.join(found)} than in {where}."
            )

    def _partly_steered(self) -> dict[str, Any]:
        """Which modules follow the hyperparameter `dropout`, if not all do."""
        whole = len(self.dropout) in (0, len(dropout_modules(self.network)))
        return {} if whole else {"dropout_modules": list(self.dropout)}


def pick_device(task: Task, wanted: str) -> str:
    """The device of a run. "auto": a GPU where there is one and the task can use it."""
    if wanted != "auto":
        return wanted
    return "cuda" if task.device == "auto" and torch.cuda.is_available() else "cpu"


def begin(spec: RunSpec, task: Task, *, device: str, code_sha256: str) -> Training:
    """A training at step 0.

    Raises:
        InvalidValue: the run's values do not fit the task.
    """
    data = load_data(task)
    declared = task.declared(len(data.train))  # type: ignore[arg-type]
    values = check_start(declared, spec.values)
    schedule = Schedule.begun(values, start=0, last_step=spec.steps)
    batch_size = int(values["batch_size"])
    position = Position(batch_size=batch_size, next_batch_size=batch_size)
    return _assemble(
        spec,
        task,
        data,
        Controls(declared, values, schedule),
        position,
        device=device,
        code_sha256=code_sha256,
    )


def _assemble(
    spec: RunSpec,
    task: Task,
    data: Data,
    controls: Controls,
    position: Position,
    *,
    device: str,
    code_sha256: str,
    earlier: UserState | None = None,
) -> Training:
    seed_generators(spec.seed)
    network = build_network(task, controls.values).to(device)
    trained = {n: item for n, item in network.named_parameters() if item.requires_grad}
    training = Training(
        task=task,
        data=data,
        network=network,
        optimizer=build_optimizer(trained.values(), controls.values),
        controls=controls,
        batches=Batches(task, data.train, seed=spec.seed, position=position, device=device),
        seed=spec.seed,
        step=0,
        steps=spec.steps,
        device=device,
        made_with=made_with(spec.task, task, data, device, code_sha256),
        user_state=user_state_of(task, data, network, earlier),
        parameter_names=list(trained),
        best=Best(spec.ranking),
    )
    if "dropout" in controls.values:
        training.dropout, said = steer_dropout(network, float(controls.values["dropout"]))
        training.warnings += said
    if not network.training:
        training.warnings.append(
            "build returned the network in evaluation mode, and it stays so: no dropout, no batch "
            "statistics. Call train() in build for the training mode."
        )
    controls.write_to(training.optimizer, 0)
    seed_generators(stream_seed(spec.seed, -1))  # not the numbers that made the weights
    return training


def restore(
    spec: RunSpec,
    task: Task,
    snapshot: Snapshot,
    *,
    device: str,
    code_sha256: str,
    is_fork: bool,
    earlier: UserState | None = None,
) -> Training:
    """A training as it was in a checkpoint.

    earlier: of a training that this process made before: its files have been used.

    is_fork: a new run begins here, with its own values on top. A change that the checkpoint was
        written before is then not made: going back to before a change undoes it.

    Raises:
        InvalidValue: the fork's values do not fit the task.
    """
    state = snapshot.state
    data = load_data(task)
    declared = task.declared(len(data.train))  # type: ignore[arg-type]
    controls = Controls.from_json(declared, state)
    if is_fork:
        for undone in controls.due(int(state["step"])):
            controls.forget(undone.command_id)
    structural, overrides = check_fork(declared, controls.values, spec.values)
    controls.values = check_start(declared, {**controls.values, **structural})
    training = _assemble(
        spec,
        task,
        data,
        controls,
        Position(**state["position"]),
        device=device,
        code_sha256=code_sha256,
        earlier=earlier,
    )
    if "dropout_modules" in state and not structural:
        training.dropout = state["dropout_modules"]  # a rate set later may be that of another one
    training.step = int(state["step"])
    training.divergence = DivergenceGuard.from_json(state.get("divergence"))
    if is_fork and spec.schedule_follows and not set(overrides) & set(SCHEDULE_KEYS):
        controls.schedule, said = controls.schedule.moved_to(
            spec.steps, controls.values, step=training.step
        )
        training.warnings += said
    training.parent_command_id = int(state["last_command_id"])
    if not is_fork:  # the best of a branch is its own
        training.best.take_over(state["best"])
    keeps_state = _load_tensors(training, snapshot, structural)
    training.warn_of_differences(state["made_with"], "the checkpoint")
    if overrides:
        change = Set(values=overrides, batch_now=True)
        apply_change(
            controls, change, step=training.step, last_step=training.steps, parts=training.parts
        )
    if not keeps_state:
        # After the fork's own values: they may set the learning rate.
        training.warnings += ease_in(controls.values, controls.ramps, training.step)
    training.warnings += load(training.user_state, snapshot, device, only_files=bool(structural))
    restore_random(snapshot.random)  # last: everything above may have drawn
    return training


def _load_tensors(training: Training, snapshot: Snapshot, structural: Values) -> bool:
    """Put weights and optimizer state back; where a fork changed shapes, what still fits.

    Returns:
        Whether the optimizer has its state again.
    """
    own = training.network.state_dict()
    held = {**snapshot.model, **extra_of_state_dict(snapshot, training.device)}
    fitting = {name: value for name, value in held.items() if name in own and fit(own[name], value)}
    missing = [name for name in own if name not in fitting]
    # An extra state that could not be saved is missing, and was said to be.
    whole = len(fitting) == len(held) and not any(is_dense(own[name]) for name in missing)
    if not whole and not structural:
        raise ValueError("The task's network is no longer the one in the checkpoint.")
    training.network.load_state_dict(fitting, strict=not missing)
    if not whole:
        training.warnings.append(
            f"The network changed: {len(fitting)} of {len(own)} tensors were kept, "
            f"the others start anew."
        )
    if not whole or "optimizer" in structural:
        return False
    # The values first, while there is no state that a changed beta would rescale.
    held = {**training.controls.values, **snapshot.state["optimizer_values"]}
    write(training.optimizer, held)
    load_state_tensors(training.optimizer, training.parameter_names, snapshot.optimizer)
    return True
