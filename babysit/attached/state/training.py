"""The state of a script's training between two turns of its loop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from babysit.attached.control.controls import ScriptControls
from babysit.attached.control.options import StepHooks
from babysit.attached.state.data_parts import DataParts
from babysit.attached.state.kept import Kept
from babysit.attached.state.loops import LoopPlaces, Place
from babysit.attached.state.part_state import PartState
from babysit.attached.state.parts import Parts
from babysit.storage.manifest import FORMAT
from babysit.training.best import Best
from babysit.training.checkpoint import Snapshot, random_tensors, restore_random
from babysit.training.copies import Copies, KeptMemory
from babysit.training.guards.divergence import SLOW_FACTOR_MAX, DivergenceGuard

EXTRA_PREFIX, KEPT_PREFIX = "part:", "kept:"


@dataclass(slots=True)
class ScriptTraining:
    """All that a script's training consists of, as far as it was attached.

    step: turns of the loop that are done. steps: of the whole run, as far as that is known.
    limit: the step after which it ends, if that is not where the script's loops end.
    orders: digest of the order of the data in the loop in progress.
    """

    seed: int
    made_with: dict[str, Any]
    parts: Parts = field(default_factory=Parts)
    controls: ScriptControls = field(default_factory=ScriptControls)
    kept: Kept = field(default_factory=Kept)
    places: LoopPlaces = field(default_factory=LoopPlaces)
    step: int = 0
    steps: int = 1
    limit: int | None = None
    updates_before: int = 0  # of this process, steps of all optimizers
    order: str = ""
    last_command_id: int = 0
    parent_command_id: int = 0
    lost_state: list[str] = field(default_factory=list)
    divergence: DivergenceGuard = field(
        default_factory=lambda: DivergenceGuard(factor_max=SLOW_FACTOR_MAX)
    )
    best: Best = field(default_factory=Best)
    data_parts: DataParts = field(init=False)

    def __post_init__(self) -> None:
        self.data_parts = DataParts(self.parts)

    def find_optimizers(self) -> None:
        """Look for optimizers and their groups, and hook those that are new."""
        optimizers = self.parts.optimizers()
        for name, optimizer in optimizers.items():
            if name not in self.controls.hooks:
                self.controls.hooks[name] = hooked(optimizer)
        self.controls.find_options(optimizers)

    def notice_groups(self) -> bool:
        """Look whether the script has added parameter groups; whether it has."""
        hooks, layout = self.controls.hooks, self.controls.layout
        if len(hooks) == len(layout):
            for each, count in zip(hooks.values(), layout, strict=True):  # at each step: no list
                if len(each.optimizer.param_groups) != count:
                    break
            else:
                return False
        self.find_optimizers()
        return True

    def leave_epoch(self) -> None:
        """Another epoch, or another loop of the script, begins: what was made inside the one before
        is none of the training's any more.
        """
        self.data_parts.begin_epoch()
        self.kept.begin_epoch()

    def count_updates(self) -> int:
        """Steps of all optimizers since the run began."""
        made = sum(hooks.count for hooks in self.controls.hooks.values())
        return self.updates_before + made

    def snapshot(self, memory: KeptMemory | None = None) -> Snapshot:
        """A copy of the state between two turns.

        memory: where its tensors lie; None: in memory of their own.
        """
        copies = Copies(memory)
        state = self.parts.capture()
        kept, kept_tensors, lost = self.kept.capture()
        self.lost_state = [*state.lost, *lost]
        controls = self.controls.to_json()
        extra = {EXTRA_PREFIX + name: item for name, item in state.extra.items()}
        extra |= {KEPT_PREFIX + name: item for name, item in kept_tensors.items()}
        return Snapshot(
            model=copies.of(state.model),
            optimizer=copies.of(state.optimizer),
            extra=copies.of(extra),
            random=random_tensors(),
            copies=copies,
            state={
                "format": FORMAT,
                "step": self.step,
                "steps": self.steps,
                "limit": self.limit,
                "seed": self.seed,
                "position": self.places.now.to_json(),
                **controls,
                "optimizer_values": controls["values"],
                "parts": state.body,
                "kept": kept,
                "updates": self.count_updates(),
                "order": self.order,
                "last_command_id": self.last_command_id,
                "best": self.best.to_json(),
                "divergence": self.divergence.to_json(),
                "made_with": self.made_with,
            },
        )

    def restore(self, snapshot: Snapshot, *, is_fork: bool) -> list[str]:
        """Put everything back, in place. The generators come last: the rest may draw from them.

        Returns:
            What could not be put back, in words.
        """
        state = snapshot.state
        parts = PartState(
            model=dict(snapshot.model),
            optimizer=dict(snapshot.optimizer),
            extra=_without(snapshot.extra, EXTRA_PREFIX),
            body=dict(state["parts"]),
        )
        problems = self.parts.restore(parts)
        self.kept.restore(state["kept"], _without(snapshot.extra, KEPT_PREFIX))
        self.step, self.steps = int(state["step"]), int(state["steps"])
        self.limit = state["limit"]
        self.controls.step = self.step
        self.find_optimizers()
        problems += self.controls.restore(state)
        self.updates_before = int(state["updates"])
        for hooks in self.controls.hooks.values():
            hooks.count = 0
        if is_fork:
            self.parent_command_id = int(state["last_command_id"])
            for undone in self.controls.due(self.step):
                self.controls.forget(undone.command_id)
        else:
            self.last_command_id = int(state["last_command_id"])
            self.best.take_over(state["best"])
        self.divergence = DivergenceGuard.from_json(state["divergence"])
        self.places.now = Place.from_json(state["position"])
        self.places.target = None
        restore_random(snapshot.random)
        return problems


def hooked(optimizer: Any) -> StepHooks:
    """The hooks of an optimizer; one that torch did not make has its `step` wrapped."""
    hooks = StepHooks(optimizer)
    if hasattr(optimizer, "register_step_pre_hook"):
        optimizer.register_step_pre_hook(quietly(hooks.before))
        optimizer.register_step_post_hook(quietly(hooks.after))
        return hooks
    step, before, after = optimizer.step, quietly(hooks.before), quietly(hooks.after)

    def wrapped(*args: Any, **named: Any) -> Any:
        before()
        try:
            return step(*args, **named)
        finally:
            after()

    optimizer.step = wrapped
    return hooks


def quietly(hook: Any) -> Any:
    """A hook that never raises into the script's own step."""

    def call(*args: Any) -> None:
        try:
            hook(*args)
        except Exception:
            hook.__self__.in_force.clear()
            hook.__self__.failed = True

    return call


def _without(tensors: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {
        name.removeprefix(prefix): item for name, item in tensors.items() if name.startswith(prefix)
    }
