"""How much is tried: what every run of the tests tries, and what `make test-full` tries.

A quick run tries each kind of thing, and of the many combinations a sample that is drawn from
`BABYSIT_TEST_SEED`, which the report prints. `BABYSIT_TEST_FULL=1` tries everything.
"""

from __future__ import annotations

import os
import random
from typing import TypeVar

FULL = os.environ.get("BABYSIT_TEST_FULL") == "1"
SEED_VARIABLE = "BABYSIT_TEST_SEED"  # to draw the same sample again

Item = TypeVar("Item")


def _size(quick: int, full: int) -> int:
    return full if FULL else quick


# ---- training ----------------------------------------------------------------------------------

RESUMES_A_CELL = _size(1, 10)  # combinations for each network with each optimizer
HYPOTHESIS_EXAMPLES = _size(30, 100)  # of each property

# ---- trainings of people's own -----------------------------------------------------------------

KILLED_TRAININGS = _size(3, 17)  # killed three times each
PROVED_TRAININGS = _size(2, 4)

# ---- curves ------------------------------------------------------------------------------------

CURVE_BATCHES = _size(3, 6)  # sizes of batches in which a curve is written
CURVE_JUMPS = _size(5, 15)  # places at which its steps go back, times how far
SPIKES = _size(20, 100)  # heights of a spike before what is shown

# ---- search ------------------------------------------------------------------------------------

SEARCH_SEEDS = _size(1, 10)  # of those for which a sampler or an estimate is judged

# ---- the whole system --------------------------------------------------------------------------

CRASHES = _size(4, 100)  # of server, fork server and workers together
CRASHES_MIN = _size(3, 40)  # on the slowest machine, within ...
CRASHES_WITHIN_S = _size(120, 420)
CRASHED_AT_ONCE = _size(2, 4)  # products: a start is mostly waiting
OWN_SERVERS = _size(18, 10_000)  # tests that start servers of their own, `serve`
WATCHING_STREAMS = _size(80, 200)  # that come and go
POLLS = _size(1_500, 5_000)
SERVER_KILLS = _size(1, 3)  # in the middle of one run
SERVER_SIGNALS = _size(1, 2)  # that ask it to end
SEARCH_KILLS = _size(1, 5)  # of the server of one search
REMOTE_MISHAPS = _size(1, 4)  # of runs whose worker is on another machine
CUT_S = _size(4, 60)  # for which the connection of such a worker is cut

# ---- hostile input: of each, how many at one place ----------------------------------------------

GATE_ALONE = _size(12, 10_000)  # choices alone, at each address with each method
GATE_PAIRS = _size(8, 10_000)  # two choices together, there too
GATE_MIN = _size(15_000, 500_000)
GATE_SOCKETS = _size(60, 10_000)  # websockets at each address
CORPUS_VALUES = _size(8, 10_000)  # in each field of a body
CORPUS_BODIES = _size(10, 10_000)  # as the body
CORPUS_TEXTS = _size(8, 10_000)  # in each parameter
HEADER_TEXTS = _size(2, 20)  # in each header
SHAPES = _size(8, 10_000)  # of whole requests, for each route
FILE_NAMES = _size(150, 10_000)  # that lead out of the folder of the page
DRAWN_REQUESTS = _size(2_000, 30_000)
SPOILT_RECIPES = _size(100, 1_500)
HOSTILE_REQUESTS_MIN = _size(4_000, 50_000)
SCHEMA_CASES_A_ROUTE = _size(4, 150)
SCHEMA_CASES_MIN = _size(300, 5_000)
FLOODS = _size(1, 3)  # of each kind

# ---- the page in a browser --------------------------------------------------------------------

INKED_RUNS = _size(1, 3)  # drawn live, and compared pixel by pixel with what is loaded

# ---- a foreign page in the browser ---------------------------------------------------------------

ATTACKS_IN_FRAMES = _size(1, 10)  # ways, for each route
ATTACKED_ELSEWHERE = _size(5, 100)  # routes from another site; from the same one it is all
ATTACKED_BY_SOCKET = _size(8, 1)  # each so many-th route

# ---- drawing -----------------------------------------------------------------------------------


def session_seed() -> int:
    """Where all drawn things come from; another one in each session unless it is asked for."""
    return int(os.environ[SEED_VARIABLE])


def chosen(items: tuple[Item, ...], count: int) -> list[Item]:
    """So many of the items, or all where there are no more; the same in all test processes."""
    return random.Random(session_seed()).sample(items, min(count, len(items)))


class Decks:
    """Deals a few of many things, none twice before all were dealt: over many calls each comes."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._left: dict[tuple[object, ...], list[int]] = {}

    def deal(self, items: tuple[Item, ...], count: int) -> list[Item]:
        """`count` of the items, or all where there are no more."""
        if count >= len(items):
            return list(items)
        left = self._left.setdefault(items, [])
        dealt: list[int] = []
        again: list[int] = []  # were dealt in this call, from the deck before
        while len(dealt) < count:
            if not left:
                left += self._random.sample(range(len(items)), len(items))
            place = left.pop()
            (again if place in dealt else dealt).append(place)
        left += again
        return [items[place] for place in dealt]
