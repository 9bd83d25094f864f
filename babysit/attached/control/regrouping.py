"""What was asked for under a name goes on when parameter groups or optimizers are added.

With a second group, `learning_rate` is no longer the value of the first one but a factor on both;
with a second optimizer, the name of each stands in front of its options.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from babysit.attached.control.options import NamedOption
from babysit.attached.control.overrides import Override
from babysit.training.controls import ScheduledChange

Options = Mapping[str, NamedOption]


def renamed(
    before: Options,
    now: Options,
    overrides: dict[str, Override],
    scheduled: list[ScheduledChange],
) -> tuple[dict[str, Override], list[ScheduledChange]]:
    """Overrides and waiting changes under the names of now."""
    moved = {
        new_name(before, now, name, is_relative=override.times): override
        for name, override in overrides.items()
    }
    waiting = []
    for item in scheduled:
        values = {
            new_name(before, now, name, is_relative=isinstance(value, dict)): value
            for name, value in item.change.values.items()
        }
        waiting.append(replace(item, change=replace(item.change, values=values)))
    return moved, waiting


def new_name(before: Options, now: Options, name: str, *, is_relative: bool) -> str:
    """The name that means now what `name` meant before.

    is_relative: a factor. It goes on for all groups, also those that were added; a value goes on
        for the groups that it was set for.
    """
    old = before.get(name)
    if old is None:
        return name
    plain = _plain_name(before, now, name, old)
    same = [
        other
        for other, named in now.items()
        if named.options == old.options and named.is_factor == old.is_factor
    ]
    wanted = [plain, *same] if is_relative or old.is_factor else [*same, plain]
    if name in same:
        wanted.insert(0, name)
    return next((other for other in wanted if other in now), name)


def _plain_name(before: Options, now: Options, name: str, old: NamedOption) -> str:
    """The name without a group's label, with the optimizer's name if there are several."""
    part = old.options[0].optimizer
    prefix = f"{part}." if _has_several(before) else ""
    standard = name.removeprefix(prefix)
    return f"{part}.{standard}" if _has_several(now) else standard


def _has_several(options: Options) -> bool:
    return len({named.options[0].optimizer for named in options.values()}) > 1
