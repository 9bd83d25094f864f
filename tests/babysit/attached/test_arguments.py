"""What `babysit.config` returns can be used as what it was given."""

from __future__ import annotations

import argparse
import copy
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, dataclass, replace
from multiprocessing.reduction import ForkingPickler
from typing import Any

import pytest

from babysit.attached.control.config import settings_of


@dataclass
class Plain:
    """As people write them: with a default, a property and a method."""

    lr: float = 0.1
    width: int = 4

    def __post_init__(self) -> None:
        self.note = "made"

    @property
    def doubled(self) -> float:
        return 2 * self.lr

    def area(self) -> int:
        return self.width * self.width


@dataclass(frozen=True)
class Frozen:
    lr: float = 0.1
    width: int = 4


@dataclass(slots=True)
class Slotted:
    lr: float = 0.1
    width: int = 4


class Own:
    def __init__(self) -> None:
        self.lr, self.width = 0.1, 4


class Attributes(dict[str, Any]):
    """A dict of the kind that configuration libraries make."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def namespace() -> argparse.Namespace:
    return argparse.Namespace(lr=0.1, width=4)


MAKERS: list[Callable[[], Any]] = [Plain, Frozen, Slotted, Own, namespace]


def proxy_of(args: Any, **given: Any) -> Any:
    return settings_of(args, given).proxy


def sent(args: Any) -> Any:
    """As it arrives in a process that loads data."""
    return ForkingPickler.loads(ForkingPickler.dumps(args))


@pytest.mark.parametrize("make", MAKERS)
def test_an_object_is_of_its_class_and_reads_the_values_of_a_fork(make: Callable[[], Any]) -> None:
    args = proxy_of(make(), lr=0.5)

    assert isinstance(args, type(make()))
    assert (args.lr, args.width) == (0.5, 4)
    for copied in (copy.copy(args), copy.deepcopy(args), sent(args)):
        assert type(copied) is type(make())
        assert (copied.lr, copied.width) == (0.5, 4)


@pytest.mark.parametrize("make", [Plain, Frozen, Slotted])
def test_the_functions_of_dataclasses_take_it(make: Callable[[], Any]) -> None:
    args = proxy_of(make(), lr=0.5)

    assert asdict(args) == {"lr": 0.5, "width": 4}
    assert args == make().__class__(lr=0.5)
    assert repr(args) == repr(make().__class__(lr=0.5))
    changed = replace(args, width=8)
    assert (changed.lr, changed.width, args.width) == (0.5, 8, 4)


def test_properties_and_methods_read_the_values_of_a_fork() -> None:
    args = proxy_of(Plain(), lr=0.5, width=3)

    assert (args.doubled, args.area(), args.note) == (1.0, 9, "made")


def test_a_frozen_dataclass_stays_frozen() -> None:
    args = proxy_of(Frozen())

    with pytest.raises(FrozenInstanceError):
        args.lr = 1.0
    assert args.lr == 0.1


def test_a_dict_with_attributes_keeps_them() -> None:
    args = proxy_of(Attributes(lr=0.1, width=4), lr=0.5)

    assert (args.lr, args["lr"], args.width) == (0.5, 0.5, 4)
    assert sent(args) == {"lr": 0.5, "width": 4}
    with pytest.raises(AttributeError):
        _ = args.missing
    with pytest.raises(AttributeError):
        _ = proxy_of({"lr": 0.1}).lr
