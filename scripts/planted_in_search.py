"""Bugs for the search: draws that are not what they should be, rounds and stops by another rule."""

from __future__ import annotations

from scripts.planted import Bug, bug

AXIS, SPACE = "app/search/axis.py", "app/search/space.py"
STRATEGY, TPE = "app/search/strategy.py", "app/search/tpe.py"
ROUNDS, EARLY = "app/search/rounds.py", "app/search/early.py"

DRAWS = "tests/search/test_draws.py"
SPACES = "tests/search/test_space.py"
STRATEGIES = "tests/search/test_strategies.py"
BOXES = "tests/search/test_rounds.py"
STOPS = "tests/search/test_early.py"

SEARCHING: tuple[Bug, ...] = (
    bug(
        "a draw whose commit failed is drawn again",
        "app/supervise/searching.py",
        "            if read_back(write, now) or now.journal_seq != row.journal_seq:\n",
        "            if now.journal_seq != row.journal_seq:\n",
        "tests/server/test_search_survival.py -k commit_failed",
    ),
    bug(
        "whole numbers at the ends get half a share",
        AXIS,
        "        half = 0.5 if self.whole else 0.0\n",
        "        half = 0.0\n",
        DRAWS,
    ),
    bug(
        "a momentum is drawn linearly",
        AXIS,
        "                return -math.log10(1 - value)\n",
        "                return value\n",
        DRAWS,
    ),
    bug(
        "a draw leaves its range by rounding",
        AXIS,
        "        value = self.clip(self.at(start + unit * (end - start)))\n",
        "        value = self.at(start + unit * (end - start))\n",
        f"{SPACES} {BOXES}",
    ),
    bug(
        "a grid has doubles of a cell without its conditional axis",
        SPACE,
        "    if not is_active(axis, above):\n        yield from _cells(rest, points, above)\n"
        "        return\n",
        "",
        SPACES,
    ),
    bug(
        "a grid is counted as if every axis were drawn in every cell",
        SPACE,
        "    if not is_active(axis, above):\n        return _count(rest, points, above)\n",
        "",
        SPACES,
    ),
    bug(
        "all trials have the same random numbers",
        STRATEGY,
        "    own = np.random.default_rng([plan.seed, number])\n",
        "    own = np.random.default_rng([plan.seed])\n",
        DRAWS,
    ),
    bug(
        "TPE knows whoever was faster",
        STRATEGY,
        "    known = [one for one in told if one.number <= number - plan.parallel]\n",
        "    known = list(told)\n",
        STRATEGIES,
    ),
    bug(
        "TPE waits for as many results, whichever they are",
        STRATEGY,
        "    if len({one.number for one in known}) < number - plan.parallel:\n",
        "    if len(told) < number - plan.parallel:\n",
        STRATEGIES,
    ),
    bug(
        "TPE goes on from what it remembers of other results",
        TPE,
        "    if study is None or list(results[: len(held)]) != held:\n",
        "    if study is None:\n",
        STRATEGIES,
    ),
    bug(
        "a round begins when most of the one before has ended",
        STRATEGY,
        "        if not all(n in ended for n in range(1, first)):\n",
        "        if len(ended) < first - 2:\n",
        STRATEGIES,
    ),
    bug(
        "a diverged trial is the best one",
        STRATEGY,
        "if self.val_cost is not None and isfinite(self.val_cost) else None\n",
        "\n",
        STRATEGIES,
    ),
    bug(
        "a box is widened around zero instead of its middle",
        ROUNDS,
        "    middle = (min(places) + max(places)) / 2\n",
        "    middle = max(places) / 2\n",
        BOXES,
    ),
    bug(
        "trials that agree by chance leave no box",
        ROUNDS,
        "    half = max(widen * (max(places) - min(places)), width_min) / 2\n",
        "    half = widen * (max(places) - min(places)) / 2\n",
        BOXES,
    ),
    bug(
        "an edge is widened beyond what the hyperparameter allows",
        ROUNDS,
        "    low, high = max(low, bottom), min(high, top)\n",
        "",
        BOXES,
    ),
    bug(
        "running trials count in the median",
        EARLY,
        ' if one.finished or kind == "successive_halving"]\n',
        "]\n",
        STOPS,
    ),
    bug(
        "a trial at the median is stopped",
        EARLY,
        "    return Stop(mark, cost, limit, len(costs)) if cost > limit else None\n",
        "    return Stop(mark, cost, limit, len(costs)) if cost >= limit else None\n",
        STOPS,
    ),
    bug(
        "two trials are enough to stop a third",
        EARLY,
        "OTHERS_MIN = 8 ",
        "OTHERS_MIN = 2 ",
        STOPS,
    ),
    bug(
        "whoever watches a trial gets its points once a second",
        "app/supervise/supervision.py",
        "        if run_id in self._watched():\n",
        "        if False:\n",
        "tests/server/test_trials.py -k whoever_watches",
    ),
)
