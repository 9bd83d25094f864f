"""Reads untrusted YAML: plain values only, limited in depth and number."""

from __future__ import annotations

from typing import Any

from babysit.storage.safe_text import text_error

DEPTH_MAX = 32
EVENTS_MAX = 100_000  # a recipe has about twenty for each change and each checkpoint
INT_MAX = 2**53


class UnsafeYaml(ValueError):
    """The text is not plain YAML; the message says why, in one line."""


def load_yaml(text: str | bytes) -> Any:
    """The value of a text.

    Aliases and tags are refused: a few lines of aliases can expand to more than the memory holds,
    and tags create values that no recipe has.

    Raises:
        UnsafeYaml: it is not YAML, or not plain YAML.
    """
    import yaml

    # The loader in C, if there is one, reads the same and takes a tenth of the time.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_events(yaml.parse(text, Loader=loader))
        body = yaml.load(text, Loader=loader)
    except UnsafeYaml:
        raise
    except yaml.MarkedYAMLError as error:
        where = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UnsafeYaml(f"it is no YAML{where}: {error.problem}") from error
    except Exception as error:  # any error of a constructor is caused by the text
        raise UnsafeYaml("it is no YAML") from error
    _check_values(body)
    return body


def _check_events(events: Any) -> None:
    import yaml

    depth = 0
    for count, event in enumerate(events, 1):
        if count > EVENTS_MAX:
            raise UnsafeYaml(f"it has more than {EVENTS_MAX:,} parts")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise UnsafeYaml("it must not use anchors and aliases (& and *)")
        if getattr(event, "tag", None) is not None:
            raise UnsafeYaml("it must not use tags (!)")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_MAX:
            raise UnsafeYaml(f"it is nested deeper than {DEPTH_MAX} levels")


def _check_values(value: Any) -> None:
    if isinstance(value, str):
        wrong = text_error(value)
        if wrong is not None:
            raise UnsafeYaml(wrong)
    elif isinstance(value, int) and abs(value) > INT_MAX:
        raise UnsafeYaml("a whole number is too large: at most 2^53")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_values(key)
            _check_values(item)
    elif isinstance(value, list):
        for item in value:
            _check_values(item)
