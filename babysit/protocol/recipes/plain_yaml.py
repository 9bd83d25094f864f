"""Writes and reads recipes as YAML files: legible, and exact to the last bit."""

from __future__ import annotations

import re
from dataclasses import asdict
from functools import cache
from typing import Any

from babysit.protocol.commands import Extend, Fork
from babysit.protocol.recipes.fields import (
    INT_MAX,
    listed,
    one,
    plain_name,
    requests_in,
    sha256,
    values_in,
    whole,
    word,
)
from babysit.protocol.recipes.numbers import COUNT_MAX, pack, unpack
from babysit.protocol.recipes.recipe import (
    COMPARED,
    FORMAT,
    RECIPE_BYTES_MAX,
    SERIES_MAX,
    VALUES_MAX,
    BadRecipe,
    Change,
    Recipe,
    Recorded,
    RecordedScript,
    RecordedState,
    check_order,
    command_of,
)
from babysit.storage.safe_yaml import UnsafeYaml, load_yaml

LATER = "val_sha256"  # older recipes do not have it
HASHES = ("code_sha256", "data_sha256", LATER)
LINE_CHARACTERS = 96  # of the packed numbers
STEPS_MAX = 1_000_000_000
NOTE_CHARACTERS_MAX = 64_000
_UNUSUAL_BREAK = re.compile("[\r\x85\u2028\u2029\ufeff]")
_WHENS, _DEEDS = ("before", "after"), ("set", "scheduled", "extend", "cancel", "fork")
_TOLD = ("before", "after", "first_update", "run", "actor", "note", "at")

# ---- writing --------------------------------------------------------------------------------


def write_recipe(recipe: Recipe) -> str:
    """The text of the file; `read_recipe` returns the same recipe."""
    head = {
        "format": FORMAT,
        "run": {"id": recipe.run_id, "name": recipe.name, "ended": recipe.ended},
        "task": recipe.task,
        **({} if recipe.script is None else {"script": asdict(recipe.script)}),
        **{name: recipe.made_with[name] for name in HASHES if name in recipe.made_with},
        **{name: recipe.made_with[name] for name in ("versions", "threads", "device")},
        **({"settings": recipe.made_with["settings"]} if "settings" in recipe.made_with else {}),
        "mixed": list(recipe.mixed),
        "seed": recipe.seed,
        "steps": recipe.steps,
        "until": recipe.until,
    }
    if not recipe.mixed:
        del head["mixed"]
    parts = [
        "# How a run came about. `babysit replay FILE` does it again and compares every step.\n",
        _text(head),
        "\n# The values it began with.\n",
        _text({"values": recipe.values}, flow=False),
        "\n# What was done after update `step` and before the next one, in this order.\n",
        _text({"changes": [_change_out(change) for change in recipe.changes]}),
        "\n# What its checkpoints held, before or after the changes of their step.\n",
        _text({"checkpoints": [asdict(state) for state in recipe.states]}, flow=False),
        "\n# What was recorded: differences of float64, bytes shuffled, zlib, base64.\n",
        "recorded:\n",
        _recorded_out(recipe.recorded),
    ]
    if recipe.others:
        parts += ["others:\n", *(f"- {_recorded_out(each)[2:]}" for each in recipe.others)]
    return "".join(parts)


def _text(section: dict[str, Any], *, flow: bool | None = None) -> str:
    """flow: None writes lists and mappings of plain values on one line."""
    import yaml

    text: str = yaml.dump(
        section,
        Dumper=_dumper(),
        sort_keys=False,
        allow_unicode=True,
        width=100,
        default_flow_style=flow,
    )
    return text


@cache
def _dumper() -> Any:
    """PyYAML's safe dumper, with text quoted whose line breaks it would not preserve."""
    import yaml

    class Dumper(yaml.SafeDumper):  # type: ignore[misc]
        def ignore_aliases(self, data: Any) -> bool:
            return True  # `load_yaml` does not read them

    def represent(dumper: Any, text: str) -> Any:
        style = '"' if _UNUSUAL_BREAK.search(text) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, represent)
    return Dumper


def _change_out(change: Change) -> dict[str, Any]:
    out: dict[str, Any] = {"number": change.number, "step": change.step, "do": change.kind}
    if change.of is not None:
        out["change"] = change.of
    if change.command is not None:
        fields = {name: value for name, value in asdict(change.command).items() if value}
        out |= {name: fields[name] for name in fields if name not in ("command_id", "note")}
        # None is not 0: a change asked for at step 0 was made at once.
        if getattr(change.command, "at_step", None) == 0:
            out["at_step"] = 0
    return out | {name: change.told[name] for name in _TOLD if change.told.get(name)}


def _recorded_out(recorded: Recorded) -> str:
    packed = pack(recorded)
    lines = [packed[at : at + LINE_CHARACTERS] for at in range(0, len(packed), LINE_CHARACTERS)]
    head = {"series": list(recorded.names), "every": recorded.every, "count": len(recorded.steps)}
    body = _text(head).replace("\n", "\n  ").rstrip()
    return f"  {body}\n  packed: |\n" + "".join(f"    {line}\n" for line in lines)


# ---- reading --------------------------------------------------------------------------------


def read_recipe(text: str | bytes) -> Recipe:
    """The recipe in a file.

    Raises:
        BadRecipe: it is not one; the message says why, in one line.
    """
    if len(text) > RECIPE_BYTES_MAX:
        raise BadRecipe(f"it is larger than {RECIPE_BYTES_MAX:,} bytes")
    try:
        body = load_yaml(text)
    except UnsafeYaml as error:
        raise BadRecipe(str(error)) from error
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise BadRecipe(f"it is no recipe of format {FORMAT}")
    recipe = _recipe_in(body)
    check_order(recipe.changes, recipe.until)
    given = [change.command for change in recipe.changes]
    wished = [recipe.steps, *(command.steps for command in given if isinstance(command, Fork))]
    if max(wished) + sum(more.steps for more in given if isinstance(more, Extend)) > STEPS_MAX:
        raise BadRecipe(f"with all its changes it has more than {STEPS_MAX:,} steps")
    return recipe


def _recipe_in(body: dict[Any, Any]) -> Recipe:
    run, is_script = one(body, "run", dict), "script" in body
    versions = {str(name): word(version) for name, version in one(body, "versions", dict).items()}
    until = whole(body, "until", 1, STEPS_MAX)
    blocks = _all_recorded_in(body) if is_script else [_recorded_in(one(body, "recorded", dict))]
    changes = [_change_in(item, place) for place, item in enumerate(listed(body, "changes"), 1)]
    return Recipe(
        run_id=whole(run, "id", 0, INT_MAX),
        name=one(run, "name", str),
        ended=one(run, "ended", str),
        task=one(body, "task", str),
        seed=whole(body, "seed", 0, INT_MAX),
        steps=whole(body, "steps", 1, STEPS_MAX),
        until=until,
        values=values_in(body),
        made_with={
            **{
                name: sha256(body, name)
                for name in HASHES
                if name in body or name == "code_sha256" or not (is_script or name == LATER)
            },
            "versions": versions,
            "threads": whole(body, "threads", 1, 1024),
            "device": one(body, "device", str),
            **({"settings": _settings_in(body)} if "settings" in body else {}),
        },
        changes=tuple(changes),
        states=tuple(_state_in(item, until) for item in listed(body, "checkpoints")),
        recorded=blocks[0],
        mixed=tuple(map(word, listed(body, "mixed") if "mixed" in body else ())),
        script=_script_in(one(body, "script", dict)) if is_script else None,
        others=tuple(blocks[1:]),
    )


def _script_in(body: dict[Any, Any]) -> RecordedScript:
    argv = listed(body, "argv")
    if not all(isinstance(argument, str) for argument in argv):
        raise BadRecipe("script: argv must be a list of texts")
    return RecordedScript(
        id=one(body, "id", str),
        path=one(body, "path", str),
        argv=argv,
        cwd=one(body, "cwd", str),
        commit=None if body.get("commit") is None else one(body, "commit", str),
        seed=None if body.get("seed") is None else whole(body, "seed", 0, INT_MAX),
        limited=one(body, "limited", bool),
    )


def _settings_in(body: dict[Any, Any]) -> dict[str, bool | str]:
    """The settings of PyTorch: flags and words."""
    found = one(body, "settings", dict).items()
    return {
        str(name): setting if isinstance(setting, bool) else word(setting)
        for name, setting in found
    }


def _change_in(item: Any, place: int) -> Change:
    where = f"changes, number {place}"
    if not isinstance(item, dict):
        raise BadRecipe(f"{where}: it is no list of fields")
    kind = item.get("do")
    if kind not in _DEEDS:
        raise BadRecipe(f"{where}: do must be one of {', '.join(_DEEDS)}")
    told = {name: item[name] for name in _TOLD if name in item}
    known = {"number", "step", "do", "change", *_TOLD}
    fields = {name: value for name, value in item.items() if name not in known}
    for name in ("steps", "at_step", "over_steps"):
        if fields.get(name) is not None:
            whole(fields, name, 0, STEPS_MAX)
    fields["note"] = str(told.get("note", ""))
    if len(fields["note"]) > NOTE_CHARACTERS_MAX:
        raise BadRecipe(f"{where}: a note has at most {NOTE_CHARACTERS_MAX:,} characters")
    of = whole(item, "change", 1, place - 1) if kind in ("scheduled", "cancel") else None
    if of is not None:
        fields["command_id"] = of
    if kind in ("set", "fork"):
        read = requests_in if kind == "set" else values_in
        fields["values"] = read(item) if "values" in item else {}
    unknown = set(fields) - _FIELDS[kind] - {"note"}
    if unknown:
        names = sorted({plain_name(name) for name in unknown})[:3]
        raise BadRecipe(f"{where}: it knows no {' and no '.join(names)}")
    try:
        command = None if kind == "scheduled" else command_of(kind, fields)
    except ValueError as error:
        raise BadRecipe(f"{where}: {error}") from error
    number, step = whole(item, "number", 1, INT_MAX), whole(item, "step", 0, STEPS_MAX)
    return Change(number=number, step=step, kind=kind, command=command, of=of, told=told)


_FIELDS: dict[str, set[str]] = {
    "set": {"values", "at_step", "over_steps", "keep_step_size", "batch_now"},
    "scheduled": {"command_id"},
    "extend": {"steps", "schedule_follows"},
    "cancel": {"command_id"},
    "fork": {"values", "steps", "schedule_follows"},
}


def _state_in(item: Any, until: int) -> RecordedState:
    if not isinstance(item, dict) or item.get("when") not in _WHENS:
        raise BadRecipe("checkpoints: each needs a step, when (before or after) and its hashes")
    return RecordedState(
        step=whole(item, "step", 0, until),
        when=item["when"],
        cause=one(item, "cause", str),
        weights_sha256=sha256(item, "weights_sha256"),
        state_sha256=sha256(item, "state_sha256"),
    )


def _recorded_in(body: dict[Any, Any]) -> Recorded:
    if body.get("series") != list(COMPARED):
        raise BadRecipe(f"recorded: the series must be {', '.join(COMPARED)}")
    return unpack(one(body, "packed", str), whole(body, "count", 1, COUNT_MAX))


def _all_recorded_in(body: dict[Any, Any]) -> list[Recorded]:
    """What a script has recorded: any series, those of the same steps together."""
    blocks, found, left = [one(body, "recorded", dict)], list[Recorded](), VALUES_MAX + SERIES_MAX
    for block in [*blocks, *(listed(body, "others") if "others" in body else ())]:
        if not isinstance(block, dict):
            raise BadRecipe("others: each must be a list of fields")
        series = listed(block, "series")
        if not 1 <= len(series) <= SERIES_MAX or not all(isinstance(name, str) for name in series):
            raise BadRecipe(f"recorded: the series must be 1 to {SERIES_MAX:,} names")
        count = whole(block, "count", 1, max(1, left // len(series)))
        left -= count * len(series)
        found.append(unpack(one(block, "packed", str), count, tuple(series)))
    return found
