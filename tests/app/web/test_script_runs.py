"""What a script declared is what its run is steered with, in whatever bounds its values lie."""

from __future__ import annotations

from typing import Any

import torch

from app.task_description import declarations, usable
from babysit.attached.control.options import named_options
from babysit.storage.journal import to_jsonable


def test_no_option_of_a_script_is_left_out_for_a_value_that_no_task_could_have() -> None:
    parameters = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    groups: list[dict[str, Any]] = [
        {"params": parameters[:1]},
        {"params": parameters[1:], "lr": 30.0},
    ]
    optimizer = torch.optim.SGD(groups, lr=0.1, weight_decay=20)
    options = named_options({"optimizer": optimizer})
    said = [to_jsonable(option.hyperparameter.to_json()) for option in options.values()]

    kept = declarations(usable(said), of_script=True)

    assert list(kept) == list(options)
    assert kept["learning_rate"].check(20.0) == 20.0  # there it is a factor on all groups
