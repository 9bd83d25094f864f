"""What the options of a script's optimizers are called on the page and in reports."""

from __future__ import annotations

from babysit.protocol.hyperparameters import STANDARD


def option_label(name: str) -> str | None:
    """ "generator.learning_rate.0" → "Learning rate (generator, group 0)"; None for other names.

    name: a standard one with the part of the optimizer before it, the parameter group after it,
        or both.
    """
    words = name.split(".")
    at = next((at for at, word in enumerate(words) if word in STANDARD), None)
    if at is None or len(words) == 1:
        return None
    part, group = ".".join(words[:at]), ".".join(words[at + 1 :])
    where = [part, f"group {group}" if group.isdigit() else group]
    return f"{STANDARD[words[at]].label} ({', '.join(filter(None, where))})"
