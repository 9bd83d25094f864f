"""Shares of what may be open at once, so that those who trust least cannot use up all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from ..errors import TooManyRequests
from ..limits import ONE_VIEWERS_SHARE_MAX, STREAMS_MAX, VIEWERS_SHARE_MAX
from ..security.tokens import OWNER


class Holder(NamedTuple):
    """Who holds a share: a session, or the address that a token was sent from."""

    role: str
    name: str


THE_OWNER = Holder(OWNER, "")


class Shares:
    """Counts what is open. Used on the event loop only.

    what: in the plural, for the message. most: how many may be open at once, now. Of these, viewers
    may have `VIEWERS_SHARE_MAX` of `STREAMS_MAX` together; the rest is the owner's.
    """

    def __init__(self, what: str, most: Callable[[], int]) -> None:
        self._what = what
        self._most = most
        self._held: Counter[Holder] = Counter()

    def take(self, holder: Holder) -> None:
        """Count one more; `give_back` ends it.

        Raises:
            TooManyRequests: the limit of all, of viewers or of this viewer is reached.
        """
        most = self._most()
        if self._held.total() >= most:
            raise TooManyRequests(f"There are already {most} {self._what}.")
        if holder.role != OWNER:
            viewers, one = (
                max(1, most * share // STREAMS_MAX)
                for share in (VIEWERS_SHARE_MAX, ONE_VIEWERS_SHARE_MAX)
            )
            if sum(n for other, n in self._held.items() if other.role != OWNER) >= viewers:
                raise TooManyRequests(f"Viewers already have {viewers} {self._what}.")
            if self._held[holder] >= one:
                raise TooManyRequests(f"You already have {one} {self._what}.")
        self._held[holder] += 1

    def give_back(self, holder: Holder) -> None:
        self._held[holder] -= 1
        if self._held[holder] <= 0:
            del self._held[holder]

    @contextmanager
    def held(self, holder: Holder) -> Iterator[None]:
        """As `take`, for the time of a block."""
        self.take(holder)
        try:
            yield
        finally:
            self.give_back(holder)
