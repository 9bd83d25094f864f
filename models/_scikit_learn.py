"""Finds the data files that come with scikit-learn.

Importing scikit-learn would take over a second, and every trial of a search reads its data.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def data_file(name: str) -> Path:
    """A file of `sklearn.datasets`.

    Raises:
        ModuleNotFoundError: scikit-learn is not installed.
    """
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise ModuleNotFoundError(
            "The data of this task come with scikit-learn, which is not installed. "
            "Install it with: pip install scikit-learn"
        )
    return Path(package.origin).parent / "datasets" / "data" / name
