"""The arguments of a script, read through a proxy in which the values of a fork or a trial stand.

Whether a change of an argument has an effect in a running loop is observed, not guessed: one that
is read between two turns is live; one that is read only before the loop needs a fork.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from babysit.attached.control.declared import guessed
from babysit.protocol.hyperparameters import Hyperparameter


class Settings:
    """values: by name, as they are in force. declared: those that can be steered.

    read: names that the script has read since they were looked at.
    """

    def __init__(self, args: Any, values: dict[str, Any], given: Mapping[str, Any]) -> None:
        self.values = values
        self.declared: dict[str, Hyperparameter] = {}
        for name, value in values.items():
            item = guessed(name, value)
            if item is not None:
                self.declared[name] = item.but(when="fork")
        for name, value in given.items():
            if name in values:
                values[name] = _as_was(values[name], value)
        self.read: set[str] = set()
        self.proxy = _proxy(args, self)

    def observe(self, *, is_in_loop: bool) -> None:
        """Take the names read since the last time as live, if that was inside the loop."""
        names, self.read = self.read, set()
        for name in names & self.declared.keys() if is_in_loop else ():
            self.declared[name] = self.declared[name].but(when="live")


def settings_of(args: Any, given: Mapping[str, Any]) -> Settings:
    """The settings of a script. given: values of a fork or a trial."""
    if isinstance(args, Mapping):
        values = dict(args)
    elif is_dataclass(args):
        values = {item.name: getattr(args, item.name) for item in fields(args)}
        values |= getattr(args, "__dict__", {})
    elif hasattr(args, "__dict__"):
        values = dict(vars(args))
    else:
        raise TypeError(f"a {type(args).__name__} has no names: pass a Namespace or a dict")
    return Settings(args, values, given)


def _as_was(old: Any, new: Any) -> Any:
    """The new value in the type of the old one: JSON does not tell 1 from 1.0."""
    if isinstance(old, bool) or old is None or isinstance(new, bool):
        return new
    return type(old)(new) if isinstance(old, (int, float)) else new


def _proxy(args: Any, settings: Settings) -> Any:
    if isinstance(args, Mapping):
        return DictProxy(args, settings)
    return _object_proxy(args, settings)


class DictProxy(dict[str, Any]):
    """A dict that reads its values from the settings; also by attribute, if the script's does."""

    def __init__(self, args: Mapping[str, Any], settings: Settings) -> None:
        super().__init__(settings.values)
        self._settings, self._own = settings, functools.partial(getattr, args)

    def __getitem__(self, name: str) -> Any:
        self._settings.read.add(name)
        return self._settings.values[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self._settings.values else default

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self._settings.values[name] = value

    def __iter__(self) -> Iterator[str]:
        return iter(self._settings.values)

    def __getattr__(self, name: str) -> Any:
        found = self._own(name)  # as it raises, this does
        return self[name] if name in self._settings.values else found

    def __reduce__(self) -> Any:  # for processes that load data, and for copies
        return dict, (dict(self._settings.values),)


def _object_proxy(args: Any, settings: Settings) -> Any:
    """An object of the same class, as far as anybody can see, that reads its values from the
    settings. Its methods and properties read them there, too.
    """
    base = type(args)
    values = settings.values

    class Proxy(base):  # type: ignore[misc, valid-type]
        __slots__ = ()

        @property  # type: ignore[misc]
        def __class__(self) -> Any:
            return base

        def __getattribute__(self, name: str) -> Any:
            if name in values:
                settings.read.add(name)
                return values[name]
            return super().__getattribute__(name)

        def __setattr__(self, name: str, value: Any) -> None:
            if _is_frozen(base):
                super().__setattr__(name, value)  # raises as ever
            values[name] = value

        def __reduce_ex__(self, protocol: Any) -> Any:  # for processes that load data, and copies
            return _plain_object, (base, dict(values))

    Proxy.__name__, Proxy.__qualname__ = base.__name__, base.__qualname__
    proxy = object.__new__(Proxy)
    if hasattr(args, "__dict__"):
        object.__setattr__(proxy, "__dict__", values)
    return proxy


def _is_frozen(base: type) -> bool:
    parameters = getattr(base, "__dataclass_params__", None)
    return parameters is not None and bool(parameters.frozen)


def _plain_object(base: type, values: dict[str, Any]) -> Any:
    found: Any = object.__new__(base)
    for name, value in values.items():
        object.__setattr__(found, name, value)
    return found
