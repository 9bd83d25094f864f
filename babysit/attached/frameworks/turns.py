"""The turns of a loop that a framework makes: where it fetches its batches is the boundary.

A framework's loop never comes back after the last batch of an epoch, so a turn ends when the next
one is asked for; what is logged until then belongs to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from types import FrameType
from typing import Any, NoReturn, cast

from babysit.attached.recording import Recording
from babysit.attached.say import say
from babysit.attached.state.seeding import derived_seed
from babysit.attached.state.streams import Source

MakeSource = Callable[[int, int], Source]  # seed, epoch -> the batches of the epoch


class Names:
    """What stands where a plain loop has its local variables: the attributes of an object."""

    def __init__(self, owner: Any) -> None:
        held = vars(owner) if hasattr(owner, "__dict__") else {}
        self.f_locals = {name: item for name, item in held.items() if not name.startswith("_")}
        self.f_globals = {"__name__": type(owner).__module__}


class FrameworkTurns:
    """Reports the turns of a framework's loop to a recording.

    owner: the object whose attributes the loop may change from turn to turn.
    """

    def __init__(self, recording: Recording, owner: Any = None) -> None:
        self.recording = recording
        self._owner = owner
        self._is_open = False  # a turn is under way
        self._is_in_epochs = False

    def first_epoch(self, count: int) -> int | None:
        """The epoch that the loop begins with; None: this whole loop was over before."""
        self._is_in_epochs = True
        return self.recording.begin_epochs(count)

    def begin(self, make: MakeSource, epoch: int, count: int) -> Iterator[Any] | None:
        """The batches of an epoch from the turn on that is to be made; here the state of a
        checkpoint is put back. None: this loop was over before.
        """
        recording = self.recording
        if self._is_in_epochs:
            recording.begin_epoch(epoch, count)
        index = recording.begin_turns()
        if index is None:
            return None
        source = make(derived_seed(recording.seed, *recording.place_of_order), epoch)
        if self._is_open:  # the last turn of the epoch before
            self._is_open = False
            recording.training.order = source.digest
            recording.end_turn(moves=False)
        return recording.begin_source(source, index)

    def boundary(self) -> bool:
        """The point between two turns; False: the loop ends here."""
        self.close()
        return self.recording.boundary(cast("FrameType", Names(self._owner)))

    def begin_turn(self) -> None:
        self._is_open = True
        self.recording.begin_turn()

    def close(self) -> None:
        """The turn under way is done."""
        if self._is_open:
            self._is_open = False
            self.recording.end_turn()


class StateOf:
    """A part whose state is taken and put back by two functions."""

    def __init__(
        self, take: Callable[[], Mapping[str, Any]], put: Callable[[Mapping[str, Any]], Any]
    ) -> None:
        self._take, self._put = take, put

    def state_dict(self) -> dict[str, Any]:
        return dict(self._take())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._put(state)

    def __deepcopy__(self, memo: Any) -> NoReturn:
        raise TypeError("It refers to a framework's loop, of which there is one.")


class WindowSource(Source):
    """Windows of batches: a turn of several batches that are fetched at once."""

    def __init__(self, inner: Source, size: int) -> None:
        self._inner, self._size = inner, size
        self.digest = inner.digest
        self.length = None if inner.length is None else -(-inner.length // size)

    @property
    def problem(self) -> str | None:  # type: ignore[override]
        return self._inner.problem

    def begin(self, index: int) -> Iterator[Any]:
        return self._inner.begin(index * self._size)


def untested(package: str, tested: tuple[str, ...]) -> list[str]:
    """Why a run is not exact, if this version of a package is none of those that were tested.

    tested: major and minor numbers, such as "2.6".
    """
    try:
        found = version(package)
    except PackageNotFoundError:
        found = "unknown"
    if ".".join(found.split(".")[:2]) in tested:
        return []
    return [f"Approximate, because version {found} of {package} was not tested."]


def say_approximate(recording: Recording, reasons: list[str]) -> None:
    """Say it in the run's events and in the script's output."""
    if recording.session is not None and reasons:
        recording.session.approximate(reasons)
    for reason in reasons:
        say(reason)
