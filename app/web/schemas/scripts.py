"""Response models of people's own scripts."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from ...task_description import Hyperparameter, Task


class Script(BaseModel):
    """How a training script was started."""

    path: str
    argv: list[str]
    cwd: str
    python: str
    sha256: str
    git: dict[str, str | bool] | None = None
    supervised: bool = False
    id: str | None = None  # of its registration; None: no request can start it


class RegisteredScript(Script):
    """A script that a request may name. described: by its newest run; None: there was none yet."""

    id: str
    described: Task | None


class Part(BaseModel):
    """One attached part, and whether its state is taken and put back."""

    name: str
    type: str
    captured: Literal["exact", "approximate", "not seen"]
    why: str


class ScriptDeclared(BaseModel):
    """What a script can be told, in the order of the tiers; and what its series mean."""

    hyperparameters: list[Hyperparameter] = Field(default_factory=list)
    steps: int | None = None
    cost: str | None = None
    objective: str | None = None
    mode: str = "min"
    can_evaluate: bool = False
    ends_at: int | None = None  # the step at which its loop ends with its data


class SearchedScript(Script):
    """described: what it had declared when the search was made.

    limited: whether the number of steps was asked for; else it is what a run of it made.
    """

    described: Task
    limited: bool
