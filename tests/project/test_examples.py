"""The examples of frameworks are those that docs/own-training.md shows."""

from __future__ import annotations

import re

from tests.project.files import ROOT, text_of

FRAMEWORKS = ("lightning", "accelerate", "transformers", "distributed")


def test_the_docs_show_the_examples_of_frameworks() -> None:
    shown = re.findall(r"```python\n(.*?)```", text_of("docs/own-training.md"), re.S)
    examples = [path.read_text() for path in sorted((ROOT / "examples").glob("*.py"))]

    assert sorted(filter(needs_more, shown)) == sorted(filter(needs_more, examples))


def needs_more(text: str) -> bool:
    return any(word in text for word in FRAMEWORKS)
