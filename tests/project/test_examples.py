"""The examples are what docs/own-training.md shows; tests/babysit/attached runs them."""

from __future__ import annotations

import re

from tests.project.files import ROOT, text_of


def test_the_docs_show_the_examples() -> None:
    shown = re.findall(r"```python\n(.*?)```", text_of("docs/own-training.md"), re.S)
    examples = [path.read_text() for path in sorted((ROOT / "examples").glob("*.py"))]

    assert sorted(shown) == sorted(examples)
