"""`babysit export-study`: writes a search into an Optuna storage, for Optuna's own tools."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import APIError
from .settings import data_dir_settings

if TYPE_CHECKING:
    from ..store.searches.trials import Trial

PRUNED = "stopped_early"


def register(commands: Any) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("export-study", help="write a search as a study of Optuna")
    parser.add_argument("search", type=int, help="id of the search")
    parser.add_argument("storage", help="for example sqlite:///study.db")
    parser.add_argument("--name", help="of the study (default search-ID)")
    parser.add_argument("--data-dir", type=Path, help="directory of all data (default var)")
    parser.set_defaults(act=export_study)


def export_study(arguments: argparse.Namespace) -> None:
    """Write the trials that are over; the study must not exist yet."""
    try:
        import optuna
    except ImportError:
        sys.exit("babysit: this needs the package optuna: pip install 'babysit[server]'.")
    # SQLAlchemy takes as long as all else that the other commands import.
    from ..store.searches.searches import find_search
    from ..store.searches.trials import trials_of
    from ..verify.snapshot import read_transaction

    settings = data_dir_settings(arguments)
    if not settings.data_dir.is_dir():
        sys.exit(f"babysit: the data directory {settings.data_dir} does not exist.")
    try:
        with read_transaction(settings.sql_url) as session:
            search = find_search(session, arguments.search)
            space, mode = dict(search.space), search.mode
            trials = trials_of(session, [arguments.search])[arguments.search]
    except APIError as error:
        sys.exit(f"babysit: {error.message}")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    name = arguments.name or f"search-{arguments.search}"
    try:
        study = optuna.create_study(
            storage=arguments.storage,
            study_name=name,
            direction="minimize" if mode == "min" else "maximize",
        )
    except optuna.exceptions.DuplicatedStudyError:
        sys.exit(f"babysit: {arguments.storage} already has a study {name}. Choose --name.")
    over = [trial for trial in trials if trial.is_over]
    distributions = {key: distribution(row, over, key) for key, row in space.items()}
    study.add_trials([_as_optuna(trial, distributions) for trial in over])
    print(f"Wrote {len(over):,} trials to the study {name} in {arguments.storage}.")


def distribution(row: dict[str, Any], trials: list[Trial], name: str) -> Any:
    """The distribution of one hyperparameter, wide enough for what the trials have.

    row: as the space of a search names it.
    """
    from optuna import distributions as optuna

    seen = [trial.row.values[name] for trial in trials if name in trial.row.values]
    if not ("low" in row and "high" in row):
        listed = [*row.get("values", []), *([row["fixed"]] if "fixed" in row else [])]
        return optuna.CategoricalDistribution(list(dict.fromkeys([*listed, *seen])))
    numbers = [float(value) for value in (row["low"], row["high"], *seen)]
    low, high = min(numbers), max(numbers)
    log = "log" in str(row.get("scale", "")) and "minus" not in str(row.get("scale")) and low > 0
    if seen and all(isinstance(value, int) for value in seen):
        return optuna.IntDistribution(math.floor(low), math.ceil(high), log=log and low >= 1)
    return optuna.FloatDistribution(low, high, log=log)


def _as_optuna(trial: Trial, distributions: dict[str, Any]) -> Any:
    import optuna

    states = optuna.trial.TrialState
    value = trial.value if trial.outcome in ("finished", "hand_steered") else None
    is_complete = value is not None and not math.isnan(value)
    state = states.PRUNED if trial.outcome == PRUNED else states.FAIL
    params = {key: value for key, value in trial.row.values.items() if key in distributions}
    return optuna.create_trial(
        state=states.COMPLETE if is_complete else state,
        value=value if is_complete else None,
        params=params,
        distributions={key: distributions[key] for key in params},
        user_attrs={
            "run_id": trial.row.run_id,
            "number": trial.row.number,
            "round": trial.row.round,
            "seed": trial.row.seed,
            "outcome": trial.outcome,
            "repeat_of": trial.row.repeat_of,
        },
    )
